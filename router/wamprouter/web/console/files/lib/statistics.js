/**
 * From the router's counters to what a person wants to know: rates, percentiles, and the last five minutes of them.
 *
 * The router sends a snapshot a second while somebody listens. Counters only grow, so two snapshots give a rate; the router's
 * uptime tells how much time is between them, because a browser's clock and a message on its way do not.
 */

/** Seconds; the same as in wamprouter/statistics/timing.py. */
export const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

export const KEPT = 300; // points of one second
export const GAP = 3; // seconds without a snapshot: nobody has looked meanwhile
const WINDOW = 5; // seconds that percentiles look back: a single second has too few calls

/**
 * @typedef {Record<string, any>} Snapshot as wamprouter/statistics/__init__.py describes it
 * @typedef {{realm: string, sessions: number, calls: number, calls_in_flight: number, publications: number, events: number,
 *   errors: Record<string, number>}} RealmCounts
 * @typedef {{realm: string, procedure: string, match: string, count: number, seconds: number, buckets: number[]}} ProcedureCounts
 * @typedef {{uptime: number, calls: number, events: number, publications: number, errors: number, received: number, sent: number,
 *   cpu: number, joined: number, buckets: number[]}} Totals
 * @typedef {{at: number, calls: number, events: number, publications: number, errors: number, received: number, sent: number,
 *   cpu: number, joined: number, sessions: number, inFlight: number, memory: number, lag: number,
 *   p50: number | null, p95: number | null, p99: number | null, queued: number}} Point
 * @typedef {{procedure: string, realm: string, calls: number, mean: number | null, p95: number | null}} Busy
 */

/** @param {Iterable<number>} values @returns {number} */
const sum = (values) => [...values].reduce((total, value) => total + value, 0);

/**
 * @param {number[]} buckets how many took at most each of BOUNDS, the last how many took longer
 * @param {number} part of one
 * @returns {number | null} seconds that so many took at most, a straight line assumed within a bucket; null of none
 */
export function percentile(buckets, part) {
  const wanted = sum(buckets) * part;
  if (!wanted) return null;
  let below = 0;
  for (const [index, number] of buckets.entries()) {
    if (number && below + number >= wanted) {
      const from = index ? BOUNDS[index - 1] : 0;
      const to = BOUNDS[index] ?? from;
      return from + ((to - from) * (wanted - below)) / number;
    }
    below += number;
  }
  return BOUNDS[BOUNDS.length - 1];
}

/**
 * @param {Snapshot} snapshot
 * @param {string} realm the name of one; "" for all but the router's own
 * @param {string} own the admin realm, whose calls are those of consoles
 * @returns {{realms: RealmCounts[], calls: ProcedureCounts[]}}
 */
function pick(snapshot, realm, own) {
  const isWanted = (/** @type {{realm: string}} */ one) => (realm ? one.realm === realm : one.realm !== own);
  return { realms: snapshot.realms.filter(isWanted), calls: snapshot.calls.filter(isWanted) };
}

/**
 * @param {Snapshot} snapshot
 * @param {string} realm
 * @param {string} own
 * @returns {Totals}
 */
function totals(snapshot, realm, own) {
  const { realms, calls } = pick(snapshot, realm, own);
  const transports = /** @type {any[]} */ (Object.values(snapshot.bytes ?? {}));
  return {
    uptime: snapshot.uptime,
    calls: sum(realms.map((one) => one.calls)),
    events: sum(realms.map((one) => one.events)),
    publications: sum(realms.map((one) => one.publications)),
    errors: sum(realms.flatMap((one) => Object.values(one.errors))),
    received: sum(transports.map((one) => one.in)),
    sent: sum(transports.map((one) => one.out)),
    cpu: snapshot.process?.cpu ?? 0,
    joined: snapshot.sessions?.joined ?? 0,
    buckets: [...BOUNDS, Infinity].map((_, index) => sum(calls.map((one) => one.buckets[index]))),
  };
}

/** The numbers of one realm, or of all, over time. */
export class History {
  /**
   * @param {string} realm "" for all
   * @param {string} own the admin realm
   */
  constructor(realm, own) {
    this.realm = realm;
    this._own = own;
    /** @type {Point[]} */
    this.points = [];
    /** @type {Totals[]} */
    this._totals = [];
    /** @type {Snapshot | null} */
    this.latest = null;
    /** @type {Snapshot[]} */
    this._snapshots = []; // of the last WINDOW seconds
  }

  /** @param {Snapshot} snapshot */
  add(snapshot) {
    if (this.latest && snapshot.started !== this.latest.started) this._restart();
    const now = totals(snapshot, this.realm, this._own);
    const last = this._totals[this._totals.length - 1];
    if (last && now.uptime <= last.uptime) return;
    if (last && now.uptime - last.uptime > GAP) this._restart(); // a rate over minutes says nothing about now
    const before = this._totals[this._totals.length - 1];
    this.latest = snapshot;
    this._totals = [...this._totals.slice(-WINDOW), now];
    this._snapshots = [...this._snapshots.slice(-WINDOW), snapshot];
    if (before) this.points = [...this.points.slice(1 - KEPT), this._point(before, now, snapshot)];
  }

  _restart() {
    this._totals = [];
    this._snapshots = [];
  }

  /**
   * @param {Totals} before
   * @param {Totals} now
   * @param {Snapshot} snapshot
   * @returns {Point}
   */
  _point(before, now, snapshot) {
    const seconds = now.uptime - before.uptime;
    const first = this._totals[0];
    const recent = now.buckets.map((number, index) => number - first.buckets[index]);
    const { realms } = pick(snapshot, this.realm, this._own);
    /** @param {keyof Totals} name */
    const rate = (name) => (/** @type {number} */ (now[name]) - /** @type {number} */ (before[name])) / seconds;
    return {
      at: snapshot.started + snapshot.uptime,
      calls: rate("calls"),
      events: rate("events"),
      publications: rate("publications"),
      errors: rate("errors"),
      received: rate("received"),
      sent: rate("sent"),
      cpu: rate("cpu"),
      joined: rate("joined"),
      sessions: sum(realms.map((one) => one.sessions)),
      inFlight: sum(realms.map((one) => one.calls_in_flight)),
      memory: snapshot.process?.memory ?? 0,
      lag: snapshot.event_loop?.lag ?? 0,
      queued: snapshot.queues?.bytes ?? 0,
      p50: percentile(recent, 0.5),
      p95: percentile(recent, 0.95),
      p99: percentile(recent, 0.99),
    };
  }

  /**
   * @param {number} most
   * @returns {Busy[]} the procedures that were called most in the last seconds
   */
  busiest(most) {
    const [first, last] = [this._snapshots[0], this.latest];
    if (!first || !last || first === last) return [];
    const seconds = last.uptime - first.uptime;
    const earlier = new Map(pick(first, this.realm, this._own).calls.map((one) => [`${one.realm} ${one.procedure} ${one.match}`, one]));
    const found = pick(last, this.realm, this._own).calls.map((one) => {
      const was = earlier.get(`${one.realm} ${one.procedure} ${one.match}`);
      const calls = one.count - (was?.count ?? 0);
      const buckets = one.buckets.map((number, index) => number - (was?.buckets[index] ?? 0));
      const mean = calls ? (one.seconds - (was?.seconds ?? 0)) / calls : null;
      return { procedure: one.procedure, realm: one.realm, calls: calls / seconds, mean, p95: percentile(buckets, 0.95) };
    });
    return found.filter((one) => one.calls > 0).sort((a, b) => b.calls - a.calls).slice(0, most);
  }
}
