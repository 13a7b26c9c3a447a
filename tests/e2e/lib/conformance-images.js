/* Conformance tests of pictures in prompts. */
import { check, rejects, rejectsWith, same } from '/conformance-checks.js';
import { LanguageModel } from '/dist/prompt-api.js';

const EXPECTS = { expectedInputs: [{ type: 'image' }] };
const FOREIGN = 'https://other.example/picture.png';

const ask = (...values) => [
  {
    role: 'user',
    content: [
      { type: 'text', value: 'What is it?' },
      ...values.map((value) => ({ type: 'image', value })),
    ],
  },
];

function paint(canvas) {
  const context = canvas.getContext('2d');
  context.fillStyle = 'green';
  context.fillRect(0, 0, 20, 10);
  return canvas;
}

const newCanvas = () => paint(new OffscreenCanvas(20, 10));
const newBlob = () => newCanvas().convertToBlob({ type: 'image/png' });

/** What there is in workers too, by name. */
async function plainValues() {
  const canvas = newCanvas();
  const blob = await newBlob();
  const buffer = await blob.arrayBuffer();
  return {
    Blob: blob,
    ArrayBuffer: buffer,
    Uint8Array: new Uint8Array(buffer),
    DataView: new DataView(buffer),
    ImageData: canvas.getContext('2d').getImageData(0, 0, 20, 10),
    ImageBitmap: await createImageBitmap(canvas),
    OffscreenCanvas: canvas,
    VideoFrame: new VideoFrame(canvas, { timestamp: 0 }),
  };
}

async function newImage(src, parent) {
  const image = new Image();
  image.src = src;
  parent?.append(image);
  await image.decode();
  return image;
}

async function elements() {
  const canvas = paint(Object.assign(document.createElement('canvas'), { width: 20, height: 10 }));
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const image = document.createElementNS('http://www.w3.org/2000/svg', 'image');
  const loaded = new Promise((resolve) => {
    image.onload = resolve;
  });
  image.setAttribute('href', canvas.toDataURL());
  svg.append(image);
  document.body.append(svg);
  await loaded;
  return {
    HTMLCanvasElement: canvas,
    HTMLImageElement: await newImage(URL.createObjectURL(await newBlob())),
    SVGImageElement: image,
  };
}

async function takesAll(values) {
  const session = await LanguageModel.create(EXPECTS);
  for (const [name, value] of Object.entries(values)) {
    const answer = await session.prompt(ask(value)).catch((error) => error);
    check(typeof answer === 'string', `${name}: ${answer}`);
  }
  session.destroy();
}

export const IMAGE_TESTS = [
  {
    name: 'image input can be had',
    async run() {
      const availability = await LanguageModel.availability(EXPECTS);
      check(availability !== 'unavailable', availability);
      (await LanguageModel.create(EXPECTS)).destroy();
    },
  },
  {
    name: 'a Blob, a buffer or a view, ImageData, an ImageBitmap, an OffscreenCanvas, a VideoFrame are taken',
    run: async () => takesAll(await plainValues()),
  },
  {
    name: 'elements are taken, where there are any: a canvas, an image, an image of SVG',
    run: async () => takesAll(globalThis.document ? await elements() : {}),
  },
  {
    name: 'the picture is what it was when the method was called',
    async run() {
      const options = { ...EXPECTS, samplingMode: 'most-predictable' };
      const [first, second] = [
        await LanguageModel.create(options),
        await LanguageModel.create(options),
      ];
      const canvas = newCanvas();
      const before = first.prompt(ask(canvas));
      canvas.getContext('2d').clearRect(0, 0, 20, 10);
      same(await before, await second.prompt(ask(newCanvas())), 'answer');
    },
  },
  {
    name: 'several in a prompt, in initialPrompts, in append() and by promptStreaming()',
    async run() {
      const canvas = newCanvas();
      const session = await LanguageModel.create({ ...EXPECTS, initialPrompts: ask(canvas) });
      check(session.contextUsage > 0, 'initialPrompts take nothing');
      await session.append(ask(canvas));
      let text = '';
      for await (const chunk of session.promptStreaming(ask(canvas, canvas))) text += chunk;
      same(typeof text, 'string', 'type');
    },
  },
  {
    name: 'they count, as measureContextUsage() says, and a clone has them',
    async run() {
      const session = await LanguageModel.create(EXPECTS);
      const blob = await newBlob();
      const without = await session.measureContextUsage(ask());
      const measured = await session.measureContextUsage(ask(blob));
      check(measured > without, `${measured} with a picture, ${without} without`);
      await session.append(ask(blob));
      same(session.contextUsage, measured, 'contextUsage');
      same((await session.clone()).contextUsage, measured, 'contextUsage of the clone');
    },
  },
  {
    name: 'too many: QuotaExceededError with requested and quota',
    async run() {
      const session = await LanguageModel.create(EXPECTS);
      const blob = await newBlob();
      const error = await rejects(
        session.prompt(ask(...Array(100).fill(blob))),
        'QuotaExceededError',
      );
      same(error.quota, session.contextWindow, 'quota');
      check(error.requested > error.quota, `requested ${error.requested}`);
    },
  },
  {
    name: 'another kind of value: TypeError',
    async run() {
      const session = await LanguageModel.create(EXPECTS);
      for (const value of ['text', 5, {}]) await rejects(session.prompt(ask(value)), 'TypeError');
    },
  },
  {
    name: 'bytes that cannot be decoded: EncodingError',
    async run() {
      const session = await LanguageModel.create(EXPECTS);
      const png = new Uint8Array(await (await newBlob()).arrayBuffer());
      for (const bytes of [new Uint8Array(0), new Uint8Array(9), png.slice(0, 40)])
        for (const value of [bytes, new Blob([bytes], { type: 'image/png' })])
          await rejects(session.prompt(ask(value)), 'EncodingError');
    },
  },
  {
    name: 'of another origin, where there are elements: SecurityError',
    async run() {
      if (globalThis.document === undefined) return;
      const session = await LanguageModel.create(EXPECTS);
      const image = await newImage(FOREIGN);
      const canvas = newCanvas();
      canvas.getContext('2d').drawImage(image, 0, 0);
      for (const value of [image, canvas])
        await rejects(session.prompt(ask(value)), 'SecurityError');
    },
  },
  {
    name: 'an abort ends it, and the session goes on without the prompt',
    async run() {
      const session = await LanguageModel.create(EXPECTS);
      const stop = new AbortController();
      const reason = new Error('own');
      const pending = session.prompt(ask(newCanvas()), { signal: stop.signal });
      stop.abort(reason);
      await rejectsWith(pending, reason);
      same(session.contextUsage, 0, 'contextUsage');
      same(typeof (await session.prompt(ask(newCanvas()))), 'string', 'type');
    },
  },
];
