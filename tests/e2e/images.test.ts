/* Pictures in Chromium, on tiny models that see: every form a page may have them in, questions about them, and what
 * goes wrong. What the numbers are is for tests/golden. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, openBrowser } from './lib/browser.ts';
import { tinyModel } from './lib/models.ts';

type Chat = Parameters<typeof engine.chat.completions.create>[0];
type Content = Exclude<Chat['messages'][number]['content'], string>;

/* What PAGE_TOOLS puts on the page. */
declare global {
  /** A canvas with a picture, always the same for the same arguments: opaque, no two rows alike. */
  var draw: (width: number, height: number, seed?: number) => OffscreenCanvas;
  var encodeAs: (canvas: OffscreenCanvas, type: string) => Promise<Blob>;
  var ask: (content: Content | string, more?: object) => Promise<string>;
  var part: (url: unknown, more?: object) => Content[number];
}

/** Runs in the page. */
function installTools(): void {
  globalThis.draw = (width, height, seed = 0) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    const image = new ImageData(width, height);
    for (let i = 0; i < width * height; i++)
      image.data.set([(i * 7 + seed * 50) & 255, (i >> 3) & 255, (i % width) * 3, 255], 4 * i);
    context?.putImageData(image, 0, 0);
    return canvas;
  };
  globalThis.encodeAs = (canvas, type) => canvas.convertToBlob({ type, quality: 1 });
  globalThis.ask = async (content, more = {}) => {
    const messages = [{ role: 'user', content } as const];
    const request = { messages, temperature: 0, max_tokens: 6, stream: false } as const;
    const answer = await engine.chat.completions.create(request, more);
    return answer.choices[0]?.message.content ?? '';
  };
  globalThis.part = (url, more = {}) =>
    ({ type: 'image_url', image_url: { url, ...more } }) as Content[number];
}

let browser: Browser;

before(async () => {
  browser = await openBrowser({
    '/sees.gguf': tinyModel('vision-f32'),
    '/tile336.gguf': tinyModel('vision-tile336'),
    '/text.gguf': tinyModel('phi3-mha'),
  });
});

after(() => browser.close());

async function openPage(model = '/sees.gguf', options: object = {}): Promise<Page> {
  const page = await browser.openPage();
  await page.evaluate(installTools);
  await page.evaluate(
    async ([name, more]) => {
      globalThis.engine = await pocketphi.Engine.create({ model: name, threads: 2, ...more });
    },
    [model, options] as const,
  );
  return page;
}

test('a model says what it sees, and what a picture takes', async () => {
  const page = await openPage('/tile336.gguf');
  const result = await page.evaluate(async () => {
    const source = await encodeAs(draw(128, 64), 'image/png');
    const prepared = await engine.prepareImage(source, { numCrops: 16 });
    const { width, height, paddedWidth, paddedHeight, tokens, tiles, pixels } = prepared;
    return {
      vision: engine.vision,
      counted: [
        engine.countImageTokens(128, 64),
        engine.countImageTokens(128, 64, { numCrops: 16 }),
        engine.countImageTokens(64, 128),
      ],
      prepared: [width, height, paddedWidth, paddedHeight, tokens, ...tiles],
      pixels: [pixels.width, pixels.height, pixels.data[3]],
      wrong: await outcome(engine.prepareImage(source, { numCrops: 17 })),
    };
  });
  const sizes = { tileSize: 336, patchSize: 14, numCrops: 4 };
  assert.deepEqual(result.vision, { ...sizes, tokensMin: 313, tokensMax: 2653 });
  assert.deepEqual(result.counted, [457, 2353, 469]);
  assert.deepEqual(result.prepared, [128, 64, 1680, 1008, 2353, 3, 5]);
  assert.deepEqual(result.pixels, [1680, 1008, 255]);
  assert.match(result.wrong.error?.message ?? '', /numCrops: expected an integer from 1 to 16/);
  await page.close();
});

test('the same pixels are the same picture, in whatever form they come', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const canvas = draw(90, 60);
    const png = await encodeAs(canvas, 'image/png');
    const webp = await encodeAs(canvas, 'image/webp');
    const url = URL.createObjectURL(png);
    const img = new Image();
    img.src = url;
    const element = document.createElement('canvas');
    [element.width, element.height] = [90, 60];
    element.getContext('2d')?.drawImage(canvas, 0, 0);
    const data = canvas.getContext('2d')?.getImageData(0, 0, 90, 60);
    const bytes = new Uint8Array(await png.arrayBuffer());
    const dataUrl = `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}`;
    const sources: Record<string, unknown> = {
      png,
      file: new File([png], 'a.png'),
      webp,
      bytes,
      buffer: bytes.buffer,
      dataUrl,
      blobUrl: url,
      canvas,
      element,
      bitmap: await createImageBitmap(canvas),
      imageData: data,
      img,
      frame: new VideoFrame(canvas, { timestamp: 0 }),
      prepared: await engine.prepareImage(png),
    };
    const session = await engine.session();
    const ids: Record<string, number> = {};
    for (const [name, source] of Object.entries(sources))
      ids[name] = await session.encodeImage(await engine.prepareImage(source as Blob));
    const other = await session.encodeImage(await engine.prepareImage(draw(90, 60, 1)));
    const answers: string[] = [];
    for (const source of [png, dataUrl, canvas, data])
      answers.push(await ask([part(source), { type: 'text', text: 'What?' }]));
    return { ids, other, answers };
  });
  for (const [name, id] of Object.entries(result.ids)) assert.equal(id, 1, name);
  assert.equal(result.other, 2);
  assert.equal(new Set(result.answers).size, 1);
  assert.notEqual(result.answers[0], '');
  await page.close();
});

test('a question about a picture: usage, progress; the next one encodes nothing again', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const image = await encodeAs(draw(50, 50), 'image/jpeg');
    const steps: [number, number, number, number][] = [];
    const options = {
      onImageProgress: (p: { image: number; n_images: number; done: number; total: number }) =>
        steps.push([p.image, p.n_images, p.done, p.total]),
    };
    const messages: Chat['messages'][number][] = [
      { role: 'user', content: [part(image), { type: 'text', text: 'What is it?' }] },
    ];
    const request = { temperature: 0, max_tokens: 4, stream: false } as const;
    const first = await engine.chat.completions.create({ ...request, messages }, options);
    const encoded = steps.length;
    const text = first.choices[0]?.message.content ?? '';
    const more = [...messages, { role: 'assistant', content: text } as const];
    const next = { role: 'user', content: 'And why?' } as const;
    const again = { ...request, messages: [...more, next] };
    const second = await engine.chat.completions.create(again, options);
    const chunks = await engine.chat.completions.create(
      { ...again, stream: true, stream_options: { include_usage: true } },
      options,
    );
    let streamed = '';
    for await (const chunk of chunks) streamed += chunk.choices[0]?.delta.content ?? '';
    return {
      steps: steps.slice(0, encoded),
      later: steps.length - encoded,
      tokens: engine.countImageTokens(50, 50),
      first: first.usage,
      second: second.usage,
      said: second.choices[0]?.message.content,
      streamed,
    };
  });
  const [, , , total] = result.steps[0] ?? [];
  assert.ok(total !== undefined && total > 1);
  assert.deepEqual(result.steps.at(-1), [0, 1, total, total]);
  assert.ok(
    result.steps.every(([, , done], i) => i === 0 || done > (result.steps[i - 1]?.[2] ?? 0)),
  );
  assert.equal(result.later, 0);
  assert.equal(result.first.prompt_tokens_details.image_tokens, result.tokens);
  assert.ok(result.second.prompt_tokens_details.cached_tokens > result.tokens);
  assert.equal(result.streamed, result.said);
  await page.close();
});

test('several pictures: each in its place, in any message; their order matters', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const [a, b, c] = [draw(40, 40, 1), draw(80, 40, 2), draw(40, 80, 3)];
    const text = (value: string) => ({ type: 'text', text: value }) as const;
    const told: number[] = [];
    const onImageProgress = ({ image }: { image: number }) => told.push(image);
    const logits = async (...pictures: OffscreenCanvas[]): Promise<string> => {
      const content = [...pictures.map((picture) => part(picture)), text('Which?')];
      const messages = [{ role: 'user', content } as const];
      const request = {
        messages,
        temperature: 0,
        max_tokens: 1,
        logprobs: true,
        top_logprobs: 5,
      } as const;
      const answer = await engine.chat.completions.create(
        { ...request, stream: false },
        { onImageProgress },
      );
      return JSON.stringify(answer.choices[0]?.logprobs);
    };
    const ordered = await logits(a, b, c);
    const images = [...new Set(told)];
    const turned = await logits(c, b, a);
    const again = await logits(a, b, c);
    const twice = await ask([part(a), part(a), text('x')]);
    const tag = await outcome(ask([part(a), text('<|image_1|>')]));
    const alone = await outcome(ask('<|image_1|>'));
    return { ordered, turned, again, images, twice, tag, alone };
  });
  assert.deepEqual(result.images, [0, 1, 2]);
  assert.notEqual(result.turned, result.ordered);
  assert.equal(result.again, result.ordered);
  assert.equal(typeof result.twice, 'string');
  for (const { error } of [result.tag, result.alone]) {
    assert.equal(error?.code, 'PHI_EINVAL');
    assert.match(error?.message ?? '', /messages\[0\]\.content.*stands for a picture/);
  }
  await page.close();
});

test('detail and num_crops choose the tiles', async () => {
  const page = await openPage('/sees.gguf');
  const tokens = await page.evaluate(async () => {
    const canvas = draw(64, 64);
    const counts: (number | undefined)[] = [];
    for (const more of [
      { detail: 'low' },
      { detail: 'auto' },
      { detail: 'high' },
      { num_crops: 9 },
    ]) {
      const messages = [{ role: 'user', content: [part(canvas, more)] } as const];
      const request = { messages, max_tokens: 1, stream: false } as const;
      const { usage } = await engine.chat.completions.create(request);
      counts.push(usage.prompt_tokens_details.image_tokens);
    }
    return {
      counts,
      expected: [1, 4, 16, 9].map((numCrops) => engine.countImageTokens(64, 64, { numCrops })),
    };
  });
  assert.deepEqual(tokens.counts, tokens.expected);
  await page.close();
});

test('too many tokens are refused before anything is encoded, with what would fit', async () => {
  const page = await openPage('/sees.gguf', { contextLength: 64 });
  const result = await page.evaluate(async () => {
    const canvas = draw(64, 64);
    let steps = 0;
    const onImageProgress = () => {
      steps++;
    };
    const content = [part(canvas, { num_crops: 16 }), { type: 'text', text: 'x' } as const];
    const failed = await ask(content, { onImageProgress }).catch((error: unknown) => error);
    const { code, message, requested, quota, numCrops } = failed as InstanceType<
      typeof pocketphi.EngineError
    >;
    const stepsBefore = steps;
    const isOwn = failed instanceof pocketphi.EngineError;
    const fits = await outcome(
      ask([part(canvas, { num_crops: numCrops }), { type: 'text', text: 'x' }]),
    );
    const none = await outcome(
      ask(Array.from({ length: 9 }, () => part(canvas, { num_crops: 1 }))),
    );
    return { code, message, requested, quota, numCrops, stepsBefore, isOwn, fits, none };
  });
  assert.deepEqual([result.code, result.quota, result.isOwn], ['PHI_ECONTEXT', 64, true]);
  assert.ok((result.requested ?? 0) > 64);
  assert.equal(result.stepsBefore, 0);
  assert.match(
    result.message,
    /of pictures\) exceed the context of 64; with num_crops \d+ or less/,
  );
  assert.equal(typeof result.fits.value, 'string', JSON.stringify(result.fits));
  assert.match(result.none.error?.message ?? '', /not even num_crops 1/);
  await page.close();
});

test('an abort in the middle of encoding stops it, and the next call works', async () => {
  const page = await openPage('/tile336.gguf', { contextLength: 2048 });
  const result = await page.evaluate(async () => {
    const canvas = draw(400, 400);
    const stop = new AbortController();
    const steps: number[] = [];
    const onImageProgress = ({ done, total }: { done: number; total: number }) => {
      steps.push(done / total);
      if (steps.length === 2) stop.abort(new Error('enough'));
    };
    const content = [part(canvas), { type: 'text', text: 'x' } as const];
    const aborted = await outcome(ask(content, { signal: stop.signal, onImageProgress }));
    const told = steps.length;
    const answer = await ask(content, {
      onImageProgress: ({ done, total }: { done: number; total: number }) =>
        steps.push(done / total),
    });
    return { aborted, told, first: steps[told], last: steps.at(-1), answer };
  });
  assert.equal(result.aborted.error?.code, 'PHI_ECANCELED', JSON.stringify(result.aborted));
  assert.ok((result.first ?? 1) < 0.5, 'it begins anew');
  assert.equal(result.last, 1);
  assert.equal(typeof result.answer, 'string');
  await page.close();
});

test('a model that reads text only says so', async () => {
  const page = await openPage('/text.gguf');
  const result = await page.evaluate(async () => ({
    vision: engine.vision ?? null,
    asked: await outcome(ask([part('data:image/png;base64,AAAA')])),
    prepared: await outcome(engine.prepareImage(new Blob([]))),
    text: await ask('see <|image_1|>'),
  }));
  assert.equal(result.vision, null);
  for (const { error } of [result.asked, result.prepared]) {
    assert.equal(error?.code, 'PHI_EUNSUPPORTED');
    assert.match(error?.message ?? '', /this model reads text only; load Phi-3\.5-vision/);
  }
  assert.equal(typeof result.text, 'string', 'a tag means nothing to it');
  await page.close();
});

test('what is wrong with a picture is told, by its place', async () => {
  const page = await openPage();
  await page.route('https://other.example/**', (route) =>
    route.fulfill({ status: 404, headers: { 'Access-Control-Allow-Origin': '*' }, body: 'no' }),
  );
  const result = await page.evaluate(async () => {
    const jpeg = new Uint8Array(await (await encodeAs(draw(64, 64), 'image/jpeg')).arrayBuffer());
    const wrong: Record<string, unknown> = {
      'cut off': jpeg.subarray(0, 200),
      'no picture': new TextEncoder().encode('hello, this is text'),
      'not there': 'https://other.example/a.png',
      'an object': { a: 1 },
      'an empty canvas': new OffscreenCanvas(0, 5),
      'given away': new ImageData(4, 4),
      'too large': new Uint8Array(64 * 2 ** 20 + 1),
    };
    const { data } = wrong['given away'] as ImageData;
    structuredClone(data.buffer, { transfer: [data.buffer] });
    const errors: Record<string, string> = {};
    for (const [name, source] of Object.entries(wrong)) {
      const { error } = await outcome(ask([{ type: 'text', text: 'x' }, part(source)]));
      errors[name] = `${error?.code} ${error?.message}`;
    }
    return { errors, usable: await ask('fine') };
  });
  const at = String.raw`messages\[0\]\.content\[1\]\.image_url: `;
  const expected: Readonly<Record<string, RegExp>> = {
    'cut off': new RegExp(`^PHI_ECORRUPT ${at}`),
    'no picture': new RegExp(`^PHI_ECORRUPT ${at}no picture that this browser can decode`),
    'not there': new RegExp(`^PHI_ENETWORK ${at}https://other.example/a.png.*HTTP status 404`),
    'an object': new RegExp(`^PHI_EINVAL ${at}image: expected a URL, a Blob`),
    'an empty canvas': new RegExp(`^PHI_E(CORRUPT|INVAL) ${at}`),
    'given away': new RegExp(`^PHI_EINVAL ${at}its memory was given away`),
    'too large': new RegExp(`^PHI_EINVAL ${at}a picture of 67108865 bytes; at most 67108864`),
  };
  for (const [name, text] of Object.entries(expected))
    assert.match(result.errors[name] ?? '', text, name);
  assert.equal(typeof result.usable, 'string');
  await page.close();
});

test('copies of pictures are closed whatever a call is refused for', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const path = '/dist/prompt-api.js';
    const { LanguageModel } = (await import(path)) as typeof import('../../web/prompt-api.ts');
    const session = await LanguageModel.create({ engine, expectedInputs: [{ type: 'image' }] });
    const copies: Promise<ImageBitmap>[] = [];
    const real = globalThis.createImageBitmap.bind(globalThis);
    globalThis.createImageBitmap = (source: ImageBitmapSource, ...more: unknown[]) => {
      const copy: Promise<ImageBitmap> = Reflect.apply(real, undefined, [source, ...more]);
      copies.push(copy);
      return copy;
    };
    const image = { type: 'image', value: draw(20, 20) } as const;
    const prompt = [{ role: 'user', content: [image] }] as const;
    const late = [...prompt, { role: 'system', content: 'S' }] as const;
    const signal = AbortSignal.abort();
    const bad = part(draw(20, 20), { num_crops: 99 });
    const outcomes = await Promise.all([
      outcome(ask([part(draw(20, 20)), bad])),
      outcome(ask([part(draw(20, 20)), part(new OffscreenCanvas(0, 5))])),
      outcome(session.prompt(late)),
      outcome(session.append(prompt, { signal })),
      outcome(session.measureContextUsage(prompt, { signal })),
      outcome(engine.prepareImage(draw(20, 20), { signal })),
    ]);
    const isRefused = outcomes.map(({ error }) => error !== undefined);
    const settled = await Promise.allSettled(copies);
    /* Who was told first closes next. */
    await new Promise((resolve) => setTimeout(resolve));
    const widths = settled.map((copy) => (copy.status === 'fulfilled' ? copy.value.width : 0));
    return { isRefused, widths };
  });
  assert.deepEqual(result.isRefused, Array(6).fill(true));
  assert.deepEqual(result.widths, Array(7).fill(0));
  await page.close();
});

test('pixels of another origin: refused, fetched by CORS they are taken', async () => {
  const page = await openPage();
  const png = await page.evaluate(async () => {
    const bytes = new Uint8Array(await (await encodeAs(draw(30, 30), 'image/png')).arrayBuffer());
    return [...bytes];
  });
  await page.route('https://other.example/**', (route) => {
    const allows = route.request().url().includes('cors');
    /* Without a header of its own an answer would get one that allows everything. */
    const headers = {
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Access-Control-Allow-Origin': allows ? '*' : 'https://nobody.example',
    };
    return route.fulfill({ contentType: 'image/png', headers, body: Buffer.from(png) });
  });
  const result = await page.evaluate(async () => {
    const img = new Image();
    img.src = 'https://other.example/plain.png';
    await img.decode();
    const tainted = new OffscreenCanvas(30, 30);
    tainted.getContext('2d')?.drawImage(img, 0, 0);
    const own = await engine.prepareImage(draw(30, 30));
    const fetched = await engine.prepareImage('https://other.example/cors.png');
    return {
      tainted: await outcome(ask([part(tainted)])),
      element: await outcome(ask([part(img)])),
      refused: await outcome(ask([part('https://other.example/plain.png')])),
      isSame: own.key === fetched.key,
    };
  });
  for (const { error } of [result.tainted, result.element]) {
    assert.equal(error?.code, 'PHI_EINVAL', JSON.stringify(error));
    assert.match(error?.message ?? '', /another origin/);
  }
  assert.equal(result.refused.error?.code, 'PHI_ENETWORK');
  assert.match(result.refused.error?.message ?? '', /CORS/);
  assert.equal(result.isSame, true);
  await page.close();
});

test('a photo that was taken sideways is seen upright; a drawing is drawn', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const jpeg = new Uint8Array(await (await encodeAs(draw(80, 40), 'image/jpeg')).arrayBuffer());
    /* APP1: Exif, big-endian TIFF, one entry: orientation 6. */
    const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1];
    const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
    const segment = [0xff, 0xe1, 0, exif.length + entry.length + 2, ...exif, ...entry];
    const turned = Uint8Array.of(...jpeg.subarray(0, 2), ...segment, ...jpeg.subarray(2));
    const upright = await engine.prepareImage(turned);
    const lying = await engine.prepareImage(jpeg);
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="60"><rect width="30" height="60" fill="red"/></svg>';
    const drawing = await engine.prepareImage(new Blob([svg], { type: 'image/svg+xml' }));
    const { data } = drawing.pixels;
    const middle = 4 * (drawing.paddedWidth * (drawing.paddedHeight / 2) + drawing.paddedWidth / 2);
    return {
      upright: [upright.width, upright.height],
      lying: [lying.width, lying.height],
      drawing: [drawing.width, drawing.height],
      colour: [...data.subarray(middle, middle + 3)],
    };
  });
  assert.deepEqual(result.lying, [80, 40]);
  assert.deepEqual(result.upright, [40, 80]);
  assert.deepEqual(result.drawing, [30, 60]);
  assert.deepEqual(result.colour, [255, 0, 0]);
  await page.close();
});

test('a video is so many of its frames, from a file and from an element', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [64, 32];
    const context = canvas.getContext('2d');
    const stream = canvas.captureStream(20);
    const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8' });
    const chunks: Blob[] = [];
    recorder.ondataavailable = ({ data }) => chunks.push(data);
    recorder.start();
    for (let i = 0; i < 30; i++) {
      if (context !== null) {
        context.fillStyle = `rgb(${i * 8}, ${255 - i * 8}, 0)`;
        context.fillRect(0, 0, 64, 32);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const stopped = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.stop();
    await stopped;
    const file = new Blob(chunks, { type: 'video/webm' });
    const reds: number[] = [];
    const images: number[] = [];
    const { prepare } = engine;
    engine.prepare = async (...args) => {
      const image = await prepare.apply(engine, args);
      reds.push(image.pixels.data[0] ?? 0);
      return image;
    };
    const video = (value: Blob | HTMLVideoElement, frames: number) =>
      ({ type: 'video', value, frames }) as const;
    const onImageProgress = ({ n_images }: { n_images: number }) => images.push(n_images);
    const fromFile = await outcome(
      ask([video(file, 3), { type: 'text', text: 'x' }], { onImageProgress }),
    );
    const element = document.createElement('video');
    element.src = URL.createObjectURL(file);
    const fromElement = await outcome(ask([video(element, 2)]));
    const late = document.createElement('video');
    late.preload = 'none';
    late.src = URL.createObjectURL(file);
    /* Until the browser has put it off. */
    await new Promise((resolve) => late.addEventListener('suspend', resolve, { once: true }));
    const fromLate = await outcome(ask([video(late, 1)]));
    const bad = await outcome(ask([video(new Blob(['no video']), 2)]));
    const empty = await outcome(ask([video(document.createElement('video'), 1)]));
    const several = document.createElement('video');
    for (let i = 0; i < 2; i++) {
      const source = document.createElement('source');
      source.src = URL.createObjectURL(new Blob(['no video'], { type: 'video/webm' }));
      several.append(source);
    }
    const none = await outcome(ask([video(several, 1)]));
    const { size } = file;
    return { fromFile, fromElement, fromLate, bad, empty, none, reds, images, size };
  });
  assert.ok(result.size > 0);
  assert.equal(typeof result.fromFile.value, 'string', JSON.stringify(result.fromFile));
  assert.equal(typeof result.fromElement.value, 'string', JSON.stringify(result.fromElement));
  assert.equal(result.images[0], 3);
  assert.equal(typeof result.fromLate.value, 'string', JSON.stringify(result.fromLate));
  assert.equal(result.reds.length, 6);
  const [a = 0, b = 0, c = 0] = result.reds;
  assert.ok(a < b && b < c, `reds ${result.reds.join()}`);
  assert.equal(result.bad.error?.code, 'PHI_ECORRUPT');
  assert.match(result.bad.error?.message ?? '', /messages\[0\]\.content\[0\]: the video cannot be/);
  for (const { error } of [result.empty, result.none]) {
    assert.equal(error?.code, 'PHI_EINVAL');
    assert.match(error?.message ?? '', /content\[0\]: the video has no source/);
  }
  await page.close();
});

test('the Prompt API: pictures in prompts, their tokens in the context, its own errors', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const path = '/dist/prompt-api.js';
    const { LanguageModel } = (await import(path)) as typeof import('../../web/prompt-api.ts');
    const options = {
      engine,
      expectedInputs: [{ type: 'image' }],
      samplingMode: 'most-predictable',
      maxTokens: 6,
    } as const;
    const session = await LanguageModel.create(options);
    const canvas = draw(50, 50);
    const prompt = (value: ImageBitmapSource | BufferSource) =>
      [
        {
          role: 'user',
          content: [
            { type: 'image', value },
            { type: 'text', value: 'What?' },
          ],
        },
      ] as const;
    const measured = await session.measureContextUsage(prompt(canvas));
    const asking = session.prompt(prompt(canvas));
    canvas.getContext('2d')?.clearRect(0, 0, 50, 50);
    const answer = await asking;
    const same = await ask([part(draw(50, 50)), { type: 'text', text: 'What?' }]);
    const usage = session.contextUsage;
    const { prefillTokens } = engine.stats();
    const twin = await session.clone();
    const more = await session.prompt('And?');
    const added = engine.stats().prefillTokens - prefillTokens;
    const twinMore = await twin.prompt('And?');
    return {
      availability: await LanguageModel.availability(options),
      tokens: engine.countImageTokens(50, 50),
      measured,
      usage,
      answer,
      same,
      more,
      twinMore,
      added,
      undecodable: await outcome(session.prompt(prompt(new Uint8Array(9)))),
      cutOff: await outcome(session.prompt(prompt(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)))),
      text: await outcome(session.prompt(prompt('x' as unknown as Blob))),
    };
  });
  assert.equal(result.availability, 'available');
  assert.ok(result.measured > result.tokens);
  assert.ok(result.usage > result.measured);
  assert.equal(result.answer, result.same, 'the canvas as it was when it was given');
  assert.equal(result.more, result.twinMore);
  assert.ok(result.added < result.tokens, `${result.added} tokens for a question`);
  assert.equal(result.undecodable.error?.name, 'EncodingError');
  assert.equal(result.cutOff.error?.name, 'EncodingError');
  assert.equal(result.text.error?.name, 'TypeError');
  await page.close();
});
