/* Cross-origin isolation where the server sends no headers: one script, the page's and the service worker's.
 *
 *     <script src="coi-service-worker.js"></script>     first in <head>, from the page's own folder or one above it
 *
 * On the page it registers itself and reloads once, when it controls the page; as the service worker it adds COOP and
 * COEP to documents and workers of its own origin. Nothing else passes through it: byte ranges, caching and other
 * origins' responses stay the browser's business. Where the page is isolated already, or no service worker can be had,
 * it does nothing; where the reload did not help it says so and does not reload again.
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

async function isolated(request: Request): Promise<Response> {
  const response = await fetch(request);
  /* A redirect is the browser's to follow; of an opaque response nothing can be changed. */
  if (response.status === 0 || response.redirected) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

function serve(scope: ServiceWorkerGlobalScope): void {
  scope.addEventListener('install', () => void scope.skipWaiting());
  scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));
  scope.addEventListener('fetch', (event) => {
    const { request } = event;
    const isOwn = new URL(request.url).origin === scope.location.origin;
    if (isOwn && DESTINATIONS.includes(request.destination)) event.respondWith(isolated(request));
  });
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

function isolatePage(script: string): void {
  /* A frame is isolated by the page that holds it, or not at all. */
  const cannot = window.top !== window || navigator.serviceWorker === undefined;
  if (globalThis.crossOriginIsolated || !globalThis.isSecureContext || cannot) return;
  register(script).catch((error: unknown) => {
    say(`the service worker could not be registered (${String(error)}); threads stay off`);
  });
}

if (typeof document === 'undefined') serve(globalThis as unknown as ServiceWorkerGlobalScope);
else if (document.currentScript instanceof HTMLScriptElement)
  isolatePage(document.currentScript.src);
