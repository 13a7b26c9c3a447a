/* Practice: kinds with their stars and levels, sets of ten, and what came of a set. */
import { byId, element } from '../site/text.js';
import { Exercise } from './exercise.js';
import { KINDS, makeSet, SET_SIZE } from './problems.js';
import { addOutcome, beginSet } from './progress.js';

/* More stars than this are said, not drawn. */
const STARS_DRAWN = 3;

function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

export class PractiseView {
  #room;
  #store;
  #kind;
  #exercise;
  #finished;

  constructor(room, store) {
    this.#room = room;
    this.#store = store;
    byId('again').addEventListener('click', () => this.#begin(this.#finished.kind));
    byId('others').addEventListener('click', () => this.#choose());
    room.frame.onLanguage(() => {
      this.#drawKinds();
      this.#drawFinished();
      this.#exercise?.showText();
    });
    this.#show('kinds-box');
  }

  /** What is kept has changed from outside: back to the choice. */
  reset() {
    this.#exercise = undefined;
    this.#finished = undefined;
    this.#drawKinds();
    this.#show('kinds-box');
  }

  #show(id) {
    for (const each of ['kinds-box', 'exercise', 'finished']) byId(each).hidden = each !== id;
  }

  #choose() {
    this.reset();
    this.#room.say((words) => words.helloPractise);
    byId('kinds-title').focus();
  }

  #drawKinds() {
    const { words } = this.#room.frame;
    const { kinds } = this.#store.value;
    byId('kinds').replaceChildren(...KINDS.map((kind) => this.#kindItem(kind, kinds[kind], words)));
  }

  #kindItem(kind, { level, stars, set }, words) {
    const item = element('li');
    const button = element('button', 'kind');
    button.type = 'button';
    button.dataset.kind = kind;
    const name = element('span', 'kind-name', words.kinds[kind]);
    const example = element('span', 'kind-example', words.examples[kind]);
    const count = element('span', 'kind-stars');
    const drawn = element('span', '', ` ${stars}`);
    drawn.prepend(element('span', 'star', '★'));
    drawn.setAttribute('aria-hidden', 'true');
    count.append(drawn, element('span', 'hidden', words.stars(stars)), ` · ${words.level(level)}`);
    button.append(name, example, count);
    if (set?.outcomes.length > 0)
      button.append(element('span', 'kind-place', words.goOnAt(set.outcomes.length + 1)));
    button.addEventListener('click', () => this.#begin(kind));
    item.append(button);
    return item;
  }

  #begin(kind) {
    this.#kind = kind;
    this.#store.set(beginSet(this.#store.value, kind, newSeed()));
    this.#showProblem();
  }

  #showProblem() {
    const { set } = this.#store.value.kinds[this.#kind];
    const problems = makeSet(this.#kind, set.level, set.seed);
    const at = set.outcomes.length;
    this.#room.cancel();
    this.#room.say((words) => (at === 0 ? words.helloPractise : ''));
    this.#exercise = new Exercise({
      host: byId('exercise'),
      room: this.#room,
      problem: problems[at],
      level: set.level,
      place: at + 1,
      count: SET_SIZE,
      onDone: (outcome) => this.#onDone(outcome),
      onNext: () => this.#onNext(),
      onStop: () => {
        this.#room.cancel();
        this.#choose();
      },
    });
    this.#exercise.showText();
    this.#show('exercise');
    this.#exercise.focus();
    byId('exercise').scrollIntoView({ block: 'nearest' });
  }

  #onDone(outcome) {
    const { progress, finished } = addOutcome(this.#store.value, this.#kind, outcome);
    this.#store.set(progress);
    this.#finished = finished ?? undefined;
  }

  #onNext() {
    if (this.#finished === undefined) {
      this.#showProblem();
      return;
    }
    this.#exercise = undefined;
    this.#room.say((words) => words.finishedTitle, 'happy');
    this.#drawKinds();
    this.#drawFinished();
    this.#show('finished');
    byId('finished-title').focus();
  }

  #drawFinished() {
    if (this.#finished === undefined) return;
    const { words } = this.#room.frame;
    const { alone, stars, levelBefore, levelAfter } = this.#finished;
    const drawn = element('span', 'drawn', '★'.repeat(Math.min(stars, STARS_DRAWN)));
    drawn.setAttribute('aria-hidden', 'true');
    byId('finished-stars').replaceChildren(drawn, ` ${words.stars(stars)}`);
    byId('finished-text').textContent = words.finishedText(alone);
    const rose = levelAfter > levelBefore ? words.levelUp : '';
    byId('finished-level').textContent = levelAfter < levelBefore ? words.levelDown : rose;
  }
}
