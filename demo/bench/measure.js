/* The measurements, one after the other: the kernels alone, then a model with each number of threads. Everything that
 * touches the browser is handed in, so that tests can run it without one. */
import { benchTokens, CONTEXT_ASKED, lengthsFor } from './lengths.js';
import { summarise } from './stats.js';

/** A hidden page's sample is taken again, at most so often for a whole run. */
const RETAKES_MAX = 6;

/** `world`: { probe(), createEngine({ threads, contextLength, signal }), now(), watch() }. watch() begins to look
 * whether the page is hidden; the function that it returns ends that, and tells. */
export class Bench {
  #world;
  #signal;
  #onStep;
  #retakesLeft = RETAKES_MAX;
  #seed = 1000;

  /** `onStep({phase: 'kernels' | 'load' | 'model', threads, round, rounds})`; round 0 warms up. */
  constructor(world, { signal, onStep }) {
    this.#world = world;
    this.#signal = signal;
    this.#onStep = onStep;
  }

  /** {gemv, gemm, decode, prefill} summaries (GB/s, GOP/s, tokens/s of the estimate), kernel, threads. The first of
   * `rounds` + 1 probes is thrown away: the browser compiles the module in it. */
  async kernels(rounds) {
    const samples = { gemv: [], gemm: [], decode: [], prefill: [] };
    let last;
    for (let round = 0; round <= rounds; round++) {
      this.#step({ phase: 'kernels', round, rounds });
      const { value, isHidden } = await this.#watched(() => this.#world.probe());
      if (value.speed === null) return undefined;
      last = value;
      if (round === 0) continue;
      const { speed, model } = value;
      samples.gemv.push({ value: speed.gemvGigabytesPerSecond, isHidden });
      samples.gemm.push({ value: speed.gemmGigaopsPerSecond, isHidden });
      if (model?.decodeTokPerSec) samples.decode.push({ value: model.decodeTokPerSec, isHidden });
      if (model?.prefillTokPerSec)
        samples.prefill.push({ value: model.prefillTokPerSec, isHidden });
    }
    const summaries = Object.entries(samples).map(([name, all]) => [name, summarise(all)]);
    return { ...Object.fromEntries(summaries), kernel: last.speed.kernel, threads: last.threads };
  }

  /** {model, rows}: rows {threads, variant, kernel, prefill, decode} with summaries in tokens/s. */
  async model(counts, rounds) {
    const rows = [];
    let model;
    for (const threads of counts) {
      this.#step({ phase: 'load', threads });
      const engine = await this.#world.createEngine({
        threads,
        contextLength: CONTEXT_ASKED,
        signal: this.#signal,
      });
      try {
        const lengths = lengthsFor(engine.info);
        model ??= describe(engine, lengths);
        rows.push(await this.#rounds(engine, { threads, rounds, lengths }));
      } finally {
        await engine.destroy();
      }
    }
    return { model, rows };
  }

  async #rounds(engine, { threads, rounds, lengths }) {
    const prefill = [];
    const decode = [];
    for (let round = 0; round <= rounds; round++) {
      this.#step({ phase: 'model', threads, round, rounds });
      const { value, isHidden } = await this.#watched(() => this.#round(engine, lengths));
      if (round === 0) continue;
      if (isHidden && this.#retakesLeft > 0) {
        this.#retakesLeft--;
        round--;
        continue;
      }
      prefill.push({ value: value.prefill, isHidden });
      decode.push({ value: value.decode, isHidden });
    }
    const { kernel, threads: used } = engine.stats();
    return {
      threads: used,
      variant: engine.variant,
      kernel,
      prefill: summarise(prefill),
      decode: summarise(decode),
    };
  }

  /** A prompt that begins otherwise than any before, so that nothing of it is cached, then tokens one by one. Both in
   * tokens/s. */
  async #round(engine, { prompt, decoded }) {
    const { vocabularySize } = engine.info;
    const text = benchTokens(prompt, this.#seed++, vocabularySize);
    const prefillMs = await this.#timed(engine, text);
    let decodeMs = 0;
    for (const token of benchTokens(decoded, 2, vocabularySize)) {
      text.push(token);
      decodeMs += await this.#timed(engine, text);
    }
    return { prefill: (prompt * 1000) / prefillMs, decode: (decoded * 1000) / decodeMs };
  }

  async #timed(engine, tokens) {
    const start = this.#world.now();
    await engine.forward(tokens, { signal: this.#signal });
    return Math.max(this.#world.now() - start, 1e-3);
  }

  #step(step) {
    this.#signal.throwIfAborted();
    this.#onStep(step);
  }

  async #watched(work) {
    const end = this.#world.watch();
    try {
      const value = await work();
      return { value, isHidden: end() };
    } catch (error) {
      end();
      throw error;
    }
  }
}

function describe(engine, lengths) {
  const { name, architecture, parameters, tensorTypes } = engine.info;
  const { weightBytes } = engine.stats();
  return { name: name || architecture, parameters, weightBytes, tensorTypes, ...lengths };
}
