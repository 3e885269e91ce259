"""What runs inside the router, and beside it: session classes, sessions made of functions, and processes."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from wamprouter.config.fields import (
    Anything,
    Classname,
    Flag,
    Folder,
    Id,
    Inherited,
    Model,
    Name,
    RealmName,
    Text,
    Words,
)
from wamprouter.config.outbound import HttpComponent


class ClassComponent(Model):
    """A session class that runs inside the router and joins in memory."""

    type: Literal["class"]
    id: Id | None = Field(
        default=None, description="A name for logs, unique in the file. Default: none; the class names the component."
    )
    classname: Classname = Field(
        description="The class with its module. It is found in the configuration file's folder, in pythonpath, in the "
        "current folder and among the installed packages."
    )
    realm: RealmName = Field(description="The realm to join.")
    role: Name = Field(description="The role to join with, one of the realm's.")
    extra: Anything = Field(
        default=None, description="Handed to the class as config.extra, of any form. Default: null."
    )

    @property
    def name(self) -> str:
        """Return what logs call it."""
        return self.id or self.classname


class Callbacks(Model):
    """Functions that are called as a session comes and goes."""

    join: Classname | None = Field(
        default=None, description="Called with (session, details) when the session has joined. Default: none."
    )
    leave: Classname | None = Field(
        default=None, description="Called with (session, details) when the session has left. Default: none."
    )
    connect: Classname | None = Field(
        default=None, description="Called with (session, transport) before the session joins. Default: none."
    )
    disconnect: Classname | None = Field(
        default=None, description="Called with (session, was_clean) at the very end. Default: none."
    )


class FunctionComponent(Model):
    """A session that runs inside the router and is made of functions."""

    type: Literal["function"]
    id: Id | None = Field(
        default=None,
        description="A name for logs, unique in the file. Default: none; its functions name the component.",
    )
    callbacks: Callbacks = Field(
        default=Callbacks(), description='The functions, each with its module, such as "package.module.function".'
    )
    realm: RealmName = Field(description="The realm to join.")
    role: Name = Field(description="The role to join with, one of the realm's.")
    extra: Anything = Field(default=None, description="The session's config.extra, of any form. Default: null.")

    @property
    def name(self) -> str:
        """Return what logs call it."""
        given = self.callbacks
        return self.id or given.join or given.connect or given.leave or given.disconnect or "without functions"


class GuestEnvironment(Model):
    """The environment of a process."""

    inherit: Inherited = Field(
        default=("*",),
        description="What it has of the router's own environment: true for all, false for nothing, or a list of names. "
        "Default: all.",
    )
    vars: dict[str, str] = Field(default={}, description="Variables that it has besides. Default: none.")


class GuestInput(Model):
    """What a process reads from its standard input."""

    type: Literal["json", "close"] = Field(
        description='"json": a value is written as JSON; "close": nothing, not even an open input.'
    )
    value: Anything = Field(default=None, description="The value, of any form. Default: null.")
    close: Flag = Field(
        default=True, description="Close the input after that. Default: yes, because most programs read to the end."
    )

    @model_validator(mode="before")
    @classmethod
    def _closed(cls, value: object) -> object:
        return {"type": "close"} if value == "close" else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"const": "close", "type": "string"}]}


class GuestOptions(Model):
    """How a process is run."""

    env: GuestEnvironment = Field(default=GuestEnvironment(), description="Its environment.")
    workdir: Folder = Field(
        default_factory=Path,
        validate_default=True,
        description="The folder it runs in; a relative path starts at the configuration file's folder. Default: that folder.",
    )
    stdin: Annotated[GuestInput | None, Words('an object or "close"')] = Field(
        default=None, description='What it reads, or "close". Default: an input that stays open and silent.'
    )
    stdout: Literal["log", "drop", "close"] = Field(
        default="log",
        description="What happens to the lines that it writes: they are logged, or dropped (close means the same here). "
        "Default: log.",
    )
    stderr: Literal["log", "drop", "close"] = Field(default="log", description="As stdout. Default: log.")


class GuestComponent(Model):
    """A process that the router starts when it listens, and ends when it stops."""

    type: Literal["guest"]
    id: Id | None = Field(
        default=None, description="A name for logs, unique in the file. Default: none; the executable names it."
    )
    executable: Annotated[str, Text(r"[^\x00]+", "a program")] = Field(
        description="The program: a path that starts at workdir, or a name that is looked up in PATH."
    )
    arguments: tuple[Annotated[str, Text(r"[^\x00]*", "a string")], ...] = Field(
        default=(), description="Its arguments. Default: none."
    )
    options: GuestOptions = Field(default_factory=GuestOptions, description="How it is run.")

    @model_validator(mode="before")
    @classmethod
    def _in_its_folder(cls, value: object) -> object:
        """Give it options, so that the default of workdir is found from the configuration file's folder."""
        return {"options": {}, **value} if isinstance(value, dict) else value

    @property
    def name(self) -> str:
        """Return what logs call it."""
        return self.id or Path(self.executable).name


Component: TypeAlias = Annotated[
    ClassComponent | FunctionComponent | GuestComponent | HttpComponent, Field(discriminator="type")
]
