/* Cross-origin isolation by a service worker, for sites whose server sends no headers: the worker adds COOP and COEP to
 * documents and workers of its own origin, the page registers it and reloads once. coi-service-worker.ts is both in one
 * script; a site that has a service worker of its own puts the parts into that.
 *
 * Under `require-corp` what the page takes from other origins needs CORS or a Cross-Origin-Resource-Policy header. */

const DESTINATIONS: readonly string[] = ['document', 'iframe', 'frame', 'worker', 'sharedworker'];
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

function say(text: string): void {
  console.warn(`coi-service-worker: ${text}`);
}

/* ---- In the service worker -------------------------------------------------------------------------------------- */

/** Whether the answer to this request takes part in isolation. `origin`: the service worker's. */
export function wantsIsolation(request: Request, origin: string): boolean {
  return new URL(request.url).origin === origin && DESTINATIONS.includes(request.destination);
}

/** The same answer with both headers. A redirect is the browser's to follow, and of an opaque answer nothing can be
 * changed: they come back as they are. */
export function isolated(response: Response): Response {
  if (response.status === 0 || response.redirected) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

/* ---- On the page ------------------------------------------------------------------------------------------------ */

/** A reload is never followed by another one, whatever the page's storage forgets. */
function reloadOnce(): void {
  const [navigation] = performance.getEntriesByType('navigation');
  const isReload =
    navigation instanceof PerformanceNavigationTiming && navigation.type === 'reload';
  if (!isReload) location.reload();
  else
    say(
      'the page is not isolated though it was reloaded; threads stay off until it is opened anew',
    );
}

async function register(script: string): Promise<void> {
  const container = navigator.serviceWorker;
  const scope = new URL('./', script).href;
  if (!location.href.startsWith(scope)) {
    say(`${script} serves pages below ${scope} only; copy it to the folder of this page`);
    return;
  }
  const controlled = new Promise<void>((resolve) => {
    container.addEventListener('controllerchange', () => resolve(), { once: true });
  });
  const registration = await container.register(script, { scope });
  /* One that is active already was not asked for this page (a forced reload); it will be for the next load. */
  if (registration.active === null) await controlled;
  reloadOnce();
}

/** Registers the service worker `script` (absolute URL) and reloads the page once it is controlled; the worker has to
 * claim its clients. Does nothing on a page that is isolated already, in a frame, and where no service worker can be
 * had. */
export function isolatePage(script: string): void {
  /* A frame is isolated by the page that holds it, or not at all. */
  const cannot = window.top !== window || navigator.serviceWorker === undefined;
  if (globalThis.crossOriginIsolated || !globalThis.isSecureContext || cannot) return;
  register(script).catch((error: unknown) => {
    say(`the service worker could not be registered (${String(error)}); threads stay off`);
  });
}
