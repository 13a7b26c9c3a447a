/* What a child has done, and what follows from it: for each kind stars, a level, and the set that is under way.
 *
 * Every set that is finished earns a star, and one or two more for sums done alone. The level rises after two good sets
 * in a row and falls after a hard one; nothing is ever taken away, and no days are counted.
 *
 * Values here are plain and are never changed in place; ProgressStore keeps the last one in localStorage. */
import { KINDS, LEVEL_MAX, SET_SIZE } from './problems.js';

const VERSION = 1;
const KEY = 'pocketphi:tutor';
const ALONE_GOOD = 8;
const ALONE_HARD = 3;
const GOOD_SETS_TO_RISE = 2;
const STARS_MAX = 1_000_000;

/** How a problem of a set ended: right by the child, or after the tutor showed it. */
const OUTCOMES = ['alone', 'together'];

const KIND_NONE = Object.freeze({ level: 1, stars: 0, goodSets: 0, set: null });

export function emptyProgress() {
  return { kinds: Object.fromEntries(KINDS.map((kind) => [kind, KIND_NONE])) };
}

const isWhole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;

function readSet(value) {
  const { level, seed, outcomes } = value ?? {};
  const isGood =
    isWhole(level, 1, LEVEL_MAX) &&
    isWhole(seed, 0, 0xffffffff) &&
    Array.isArray(outcomes) &&
    outcomes.length < SET_SIZE &&
    outcomes.every((outcome) => OUTCOMES.includes(outcome));
  return isGood ? { level, seed, outcomes: [...outcomes] } : null;
}

function readKind(value) {
  const { level, stars, goodSets, set } = value ?? {};
  const isGood =
    isWhole(level, 1, LEVEL_MAX) &&
    isWhole(stars, 0, STARS_MAX) &&
    isWhole(goodSets, 0, GOOD_SETS_TO_RISE - 1);
  return isGood ? { level, stars, goodSets, set: readSet(set) } : KIND_NONE;
}

/** Progress from what was stored; whatever is not as this file writes it starts afresh. Never throws. */
export function parseProgress(text) {
  try {
    const value = JSON.parse(text ?? 'null');
    if (value?.version !== VERSION) return emptyProgress();
    const kinds = KINDS.map((kind) => [kind, readKind(value.kinds?.[kind])]);
    return { kinds: Object.fromEntries(kinds) };
  } catch {
    return emptyProgress();
  }
}

export function formatProgress(progress) {
  return JSON.stringify({ version: VERSION, ...progress });
}

const withKind = (progress, kind, value) => ({ kinds: { ...progress.kinds, [kind]: value } });

/** The kind's set goes on, or a new one begins at its level. `seed`: 0 to 2^32 - 1, of a new set. */
export function beginSet(progress, kind, seed) {
  const now = progress.kinds[kind];
  const set = now.set ?? { level: now.level, seed, outcomes: [] };
  return withKind(progress, kind, { ...now, set });
}

/** 1 to 3 stars for a finished set. */
function starsFor(alone) {
  return 1 + (alone >= 5 ? 1 : 0) + (alone >= 9 ? 1 : 0);
}

function afterSet({ level, stars, goodSets }, alone) {
  const more = { stars: Math.min(STARS_MAX, stars + starsFor(alone)), set: null };
  if (alone <= ALONE_HARD) return { ...more, level: Math.max(1, level - 1), goodSets: 0 };
  if (alone < ALONE_GOOD) return { ...more, level, goodSets: 0 };
  const isRise = goodSets + 1 >= GOOD_SETS_TO_RISE && level < LEVEL_MAX;
  return isRise
    ? { ...more, level: level + 1, goodSets: 0 }
    : { ...more, level, goodSets: Math.min(goodSets + 1, GOOD_SETS_TO_RISE - 1) };
}

/** One more problem of the kind's set is done ('alone' or 'together'). Gives { progress, finished }: the last one ends
 *  the set, and `finished` then says { kind, alone, stars, levelBefore, levelAfter }; it is null before. */
export function addOutcome(progress, kind, outcome) {
  const before = progress.kinds[kind];
  const outcomes = [...before.set.outcomes, outcome];
  if (outcomes.length < SET_SIZE) {
    const set = { ...before.set, outcomes };
    return { progress: withKind(progress, kind, { ...before, set }), finished: null };
  }
  const alone = outcomes.filter((one) => one === 'alone').length;
  const after = afterSet(before, alone);
  const finished = {
    kind,
    alone,
    stars: starsFor(alone),
    levelBefore: before.level,
    levelAfter: after.level,
  };
  return { progress: withKind(progress, kind, after), finished };
}

/** Keeps progress in localStorage, if there is one and it has room; `isKept` says whether the last value is there. */
export class ProgressStore {
  #storage;
  value;
  isKept;

  /** `storage`: what gives a Storage; it may throw, as window.localStorage does where it is forbidden. */
  constructor(storage = () => window.localStorage) {
    this.#storage = storage;
    this.load();
  }

  load() {
    try {
      this.value = parseProgress(this.#storage().getItem(KEY));
      this.isKept = true;
    } catch {
      this.value = emptyProgress();
      this.isKept = false;
    }
  }

  set(value) {
    this.value = value;
    try {
      this.#storage().setItem(KEY, formatProgress(value));
      this.isKept = true;
    } catch {
      this.isKept = false; /* it goes on in memory, and the parents' corner says so */
    }
  }

  clear() {
    this.value = emptyProgress();
    try {
      this.#storage().removeItem(KEY);
    } catch {
      this.isKept = false;
    }
  }
}
