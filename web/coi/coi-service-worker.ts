/* Cross-origin isolation where the server sends no headers: one script, the page's and the service worker's.
 *
 *     <script src="coi-service-worker.js"></script>     first in <head>, from the page's own folder or one above it
 *
 * On the page it registers itself and reloads once, when it controls the page; as the service worker it adds COOP and
 * COEP to documents and workers of its own origin. Nothing else passes through it: byte ranges, caching and other
 * origins' responses stay the browser's business. Where the page is isolated already, or no service worker can be had,
 * it does nothing; where the reload did not help it says so and does not reload again. */
import { isolated, isolatePage, wantsIsolation } from './isolation.ts';

function serve(scope: ServiceWorkerGlobalScope): void {
  scope.addEventListener('install', () => void scope.skipWaiting());
  scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));
  scope.addEventListener('fetch', (event) => {
    const { request } = event;
    if (wantsIsolation(request, scope.location.origin))
      event.respondWith(fetch(request).then(isolated));
  });
}

if (typeof document === 'undefined') serve(globalThis as unknown as ServiceWorkerGlobalScope);
else if (document.currentScript instanceof HTMLScriptElement)
  isolatePage(document.currentScript.src);
