// Native llama.cpp (node-llama-cpp's prebuilt CPU libraries, of which ggml picks the best for this processor), in a
// process of its own. Its flash attention is faster in prefill and slower in long decode on a CPU, so both settings
// are measured as two systems; the comparison takes the better figure of either.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('llama-cpp-child.mjs', import.meta.url));

function makeSystem(name, title, flashAttention) {
  return {
    name,
    title,
    isNative: true,
    // The file's mapping and the repacked copy of it.
    memoryFactor: 2,
    canFill: true,
    async open({ peers, model, threads, contextLength }) {
      const child = await startChild(peers);
      const info = await child.call('open', {
        path: model.file,
        threads,
        contextLength,
        flashAttention,
      });
      return {
        info: { ...info, notes: [info.system, ...info.notes] },
        round: async ({ prefill, decode }) => ({
          prefill: { ms: await child.call('prefill', { tokens: prefill }), tokens: prefill },
          decode: { ms: await child.call('decode', { tokens: decode }), tokens: decode },
        }),
        fill: (tokens) => child.call('fill', { tokens }),
        decode: async (tokens) => ({ ms: await child.call('decode', { tokens }), tokens }),
        memory: () => child.call('memory'),
        close: child.close,
      };
    },
  };
}

async function startChild(peers) {
  const child = fork(CHILD, {
    env: { ...process.env, POCKETPHI_PEERS: peers },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors = (errors + text).slice(-2000);
  });
  const gone = once(child, 'exit').then(([code, signal]) => {
    throw new Error(
      `llama.cpp process ended (${code ?? signal}): ${/^\w*Error: .*$/m.exec(errors)?.[0] ?? errors.trim()}`,
    );
  });
  gone.catch(() => undefined); // seen by whoever waits for an answer
  const answer = async () => {
    const [message] = await Promise.race([once(child, 'message'), gone]);
    if (message.error !== undefined) throw new Error(message.error);
    return message.value;
  };
  await answer();
  return {
    call(name, args) {
      const reply = answer();
      child.send({ call: name, args });
      return reply;
    },
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      await gone.catch(() => undefined);
    },
  };
}

export const llamaCpp = makeSystem('llama-cpp', 'native llama.cpp', 'auto');
export const llamaCppNoFlash = makeSystem(
  'llama-cpp-nofa',
  'native llama.cpp, no flash attention',
  false,
);
