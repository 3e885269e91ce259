/** Asking again and again, but only for what is open and only while somebody looks. */

/**
 * Do something now and then again, each time so long after it was done. A hidden tab asks nothing, and asks at once when it is
 * seen again. Failures are the task's own business; one that it lets out is shown nowhere but on the browser's console.
 * @param {() => Promise<void>} task
 * @param {number} pause milliseconds
 * @param {AbortSignal} signal ends it
 * @returns {() => void} does it at once
 */
export function poll(task, pause, signal) {
  let timer = 0;
  let isRunning = false;
  let isWanted = false; // once more, as soon as the one that runs is done

  async function run() {
    if (signal.aborted || document.hidden) return;
    if (isRunning) {
      isWanted = true;
      return;
    }
    clearTimeout(timer);
    isRunning = true;
    isWanted = false;
    try {
      await task();
    } finally {
      isRunning = false;
      if (isWanted) run();
      else if (!signal.aborted) timer = setTimeout(run, pause);
    }
  }

  document.addEventListener("visibilitychange", run, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  run();
  return run;
}

/**
 * Let something run while somebody looks: it is ended when the tab is hidden, and begun again when it is seen.
 * @param {(signal: AbortSignal) => void} begin
 * @param {AbortSignal} signal ends it for good
 */
export function whileSeen(begin, signal) {
  let turn = new AbortController();
  const look = () => {
    turn.abort();
    turn = new AbortController();
    if (!document.hidden && !signal.aborted) begin(turn.signal);
  };
  document.addEventListener("visibilitychange", look, { signal });
  signal.addEventListener("abort", () => turn.abort());
  look();
}

/**
 * @template {any[]} Arguments
 * @param {(...given: Arguments) => void} action
 * @param {number} pause milliseconds without another call
 * @returns {(...given: Arguments) => void}
 */
export function settled(action, pause) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), pause);
  };
}

/**
 * Let something be drawn at most once a frame, however often it is asked for.
 * @param {() => void} draw
 * @returns {() => void}
 */
export function framed(draw) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}
