/* Chooses light or dark before anything is drawn, so that the page does not flash; hence no module, which would come later. */
"use strict";

{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = localStorage.getItem("wamprouter.theme"); // by the button; else the system's
    document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
  };
  dark.addEventListener("change", apply);
  apply();
}
