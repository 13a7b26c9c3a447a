/* A run as JSON, for a message or an issue. `schema` names this form and its version: what changes the meaning of a
 * field changes the version.
 *
 *   schema        "pocketphi-bench/1"
 *   date          ISO 8601
 *   package       version of the site
 *   browser       userAgent, brands (where the browser tells), cores, crossOriginIsolated, variant, reason
 *   conditions    rounds, warmUps, promptTokens, decodedTokens, contextTokens, wasHidden, method
 *   kernels       null, or gemv (GB/s), gemm (GOP/s), kernel, threads
 *   model         null, or name, parameters, weightBytes, tensorTypes, isEmbedded
 *   rows          [{threads, variant, kernel, prefill, decode}] in tokens/s
 *   estimate      null, or what the kernels promise for Phi-3-mini: model, prefill, decode in tokens/s
 *
 * Each figure is {median, low, high, n}. */

export const SCHEMA = 'pocketphi-bench/1';
const METHOD =
  'prefill: one call with a new prompt; decode: one call a token, logits included; first round not counted';
const DIGITS = 4;

function rounded(value) {
  return Number(value.toPrecision(DIGITS));
}

function figure(summary) {
  if (summary === undefined) return null;
  const { median, low, high, n } = summary;
  return { median: rounded(median), low: rounded(low), high: rounded(high), n };
}

function kernelsOf(kernels) {
  if (kernels === undefined) return null;
  const { gemv, gemm, kernel, threads } = kernels;
  return { gemv: figure(gemv), gemm: figure(gemm), kernel, threads };
}

function estimateOf(kernels, model) {
  if (kernels?.decode === undefined) return null;
  return { model, prefill: figure(kernels.prefill), decode: figure(kernels.decode) };
}

function modelOf(model, isEmbedded) {
  if (model === undefined) return null;
  const { name, parameters, weightBytes, tensorTypes } = model;
  return { name, parameters, weightBytes, tensorTypes, isEmbedded };
}

/** Of {date, version, browser, rounds, wasHidden, kernels, estimated, model, rows, isEmbedded}, as Bench gives them. */
export function makeReport(run) {
  const { model, rows, kernels } = run;
  return {
    schema: SCHEMA,
    date: run.date.toISOString(),
    package: run.version,
    browser: run.browser,
    conditions: {
      rounds: run.rounds,
      warmUps: 1,
      promptTokens: model?.prompt ?? null,
      decodedTokens: model?.decoded ?? null,
      contextTokens: model?.context ?? null,
      wasHidden: run.wasHidden,
      method: METHOD,
    },
    kernels: kernelsOf(kernels),
    model: modelOf(model, run.isEmbedded),
    rows: rows.map(({ threads, variant, kernel, prefill, decode }) => ({
      threads,
      variant,
      kernel,
      prefill: figure(prefill),
      decode: figure(decode),
    })),
    estimate: estimateOf(kernels, run.estimated),
  };
}
