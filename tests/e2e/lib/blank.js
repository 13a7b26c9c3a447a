globalThis.pocketphi = await import('/dist/index.js');

/* What a promise came to, in a form that leaves the page. */
globalThis.outcome = async (promise) => {
  const start = performance.now();
  try {
    return { value: await promise, ms: performance.now() - start };
  } catch (error) {
    const { name, code = null, message, requested = null, quota = null } = error;
    return { error: { name, code, message, requested, quota }, ms: performance.now() - start };
  }
};
