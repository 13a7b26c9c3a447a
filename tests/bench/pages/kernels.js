// tests/bench/kernels/bench_kernels.c, built to wasm: it prints one JSON object a line.
globalThis.bench = {
  async kernels({ rounds }) {
    const { default: load } = await import('/kernels/bench_kernels.mjs').catch(() => {
      throw new Error('bench_kernels is not built to wasm');
    });
    const lines = [];
    const program = await load({ noInitialRun: true, print: (line) => lines.push(line) });
    program.callMain(['-f', '-r', String(rounds)]); // -f: one shape
    return lines.map((line) => JSON.parse(line));
  },
};
