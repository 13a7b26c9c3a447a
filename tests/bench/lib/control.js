// The page's end of browser.mjs: takes calls of `bench` functions from the address in the query and sends back what
// comes of them, and what the page says meanwhile.
const control = new URLSearchParams(location.search).get('control');

function send(message) {
  return fetch(control, { method: 'POST', body: JSON.stringify(message) });
}

for (const kind of ['log', 'info', 'warn', 'error']) {
  const original = console[kind];
  console[kind] = (...words) => {
    original.apply(console, words);
    send({ said: words.map(String).join(' ') }).catch(() => undefined);
  };
}
addEventListener('error', ({ message }) => void send({ failed: message }));
addEventListener('unhandledrejection', ({ reason }) => void send({ failed: String(reason) }));

async function serveCalls() {
  for (;;) {
    const { name, argument } = await (await fetch(control)).json();
    try {
      await send({ value: await globalThis.bench[name](argument) });
    } catch (error) {
      await send({ error: String(error?.message ?? error) });
    }
  }
}

addEventListener('load', async () => {
  while (globalThis.bench === undefined) await new Promise((done) => setTimeout(done, 5));
  await send({ ready: true });
  await serveCalls();
});
