/* What Bench needs of the browser: engines, clocks, whether the page is seen. */
import { Engine } from 'pocketphi';
import { optionsFor } from '../site/embedded.js';

/** The registry's, whose size is known without a network: what the kernels' speed is told in. */
export const ESTIMATED_MODEL = 'phi-3-mini-4k-q4';

/** Begins to look whether the page is hidden; the function that it returns ends that, and tells. */
function watch() {
  let isHidden = document.hidden;
  const look = () => {
    isHidden ||= document.hidden;
  };
  document.addEventListener('visibilitychange', look);
  return () => {
    document.removeEventListener('visibilitychange', look);
    return isHidden;
  };
}

export function worldOf(model) {
  const options = optionsFor(model);
  return {
    now: () => performance.now(),
    watch,
    probe: () => Engine.probe({ model: ESTIMATED_MODEL }),
    createEngine: (wish) => Engine.create({ ...options, ...wish, model }),
  };
}

/** Of the browser, as it tells. */
export function describeBrowser(probe) {
  const { userAgentData, userAgent, hardwareConcurrency } = navigator;
  const brands = userAgentData?.brands
    ?.filter(({ brand }) => !/not.?a.?brand/i.test(brand))
    .map(({ brand, version }) => `${brand} ${version}`);
  return {
    userAgent,
    brands: brands ?? null,
    platform: userAgentData?.platform ?? null,
    cores: hardwareConcurrency ?? null,
    crossOriginIsolated: probe.crossOriginIsolated,
    variant: probe.variant,
    reason: probe.reason,
  };
}
