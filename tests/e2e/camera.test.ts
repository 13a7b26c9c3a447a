/* The page of the camera that watches, in a real Chromium with a camera that shows a test picture and a stand-in for
 * the package (lib/fake-vision.js). Screenshots are left in build/e2e/. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { AskedRequest, FakeVision } from './lib/fake-vision-types.ts';
import { checkState, type DESKTOP, PHONE, tabTo } from './lib/page-checks.ts';
import { measureTasks } from './lib/tasks.ts';
import { holdPrompt, keepStreams, VisionSite } from './lib/vision-site.ts';

declare global {
  var locks: string[];
}

const TASK_MS_MAX = 50;
const SMALL = '/camera/?embedded=/models/small.gguf';
const LARGE = '/camera/?model=/models/large.gguf';
let site: VisionSite;

before(async () => {
  site = await VisionSite.open();
});

afterEach(() => site.forget());

after(() => site.close());

/** What the page does with the screen's lock is kept in `locks`. */
function keepLocks(): void {
  globalThis.locks = [];
  const request = async (): Promise<object> => {
    globalThis.locks.push('held');
    return { release: async () => globalThis.locks.push('released') };
  };
  Object.defineProperty(navigator, 'wakeLock', { value: { request } });
}

interface Opening {
  readonly viewport?: typeof DESKTOP | typeof PHONE;
  readonly fake?: Omit<FakeVision, 'reply'>;
  /** What is said of the rule, by the number of the frame from 0. */
  readonly answers?: readonly string[];
}

async function open(path: string, { viewport, fake = {}, answers }: Opening = {}) {
  const prepare = async (page: Page): Promise<void> => {
    await page.addInitScript(keepStreams);
    await page.addInitScript(keepLocks);
    await page.addInitScript(
      ({ config, said }) => {
        let n = 0;
        const judge = () => said[Math.min(n++, said.length - 1)] ?? '{"answer": "no"}';
        const isRule = (question: string) => /How many|몇 개/.test(question);
        globalThis.fakeVision = {
          ...config,
          reply: (question, { response_format }) =>
            response_format || isRule(question) ? judge() : 'Two shapes on paper.',
        };
      },
      { config: fake, said: answers ?? [] },
    );
  };
  return await site.visit(path, { ...(viewport && { viewport }), prepare });
}

const say = (page: Page, text: string) => page.locator('#status', { hasText: text }).waitFor();
const error = (page: Page, text: string | RegExp) =>
  page.locator('#error', { hasText: text }).waitFor();
const liveTracks = (page: Page) =>
  page.evaluate(
    () =>
      streams
        .flatMap((stream) => stream.getTracks())
        .filter(({ readyState }) => readyState === 'live').length,
  );

async function tryFrame(page: Page): Promise<void> {
  await page.click('#prepare');
  await page.locator('#start').waitFor();
}

test('the drawn scene: one frame is tried and its cost told; matches are kept, newest first', async () => {
  const answers = ['0 red circles.', '1 red circle.', '0 red circles.', '2 red circles.', '0'];
  const { page, errors } = await open(SMALL, { answers, fake: { stepMs: 60 } });
  assert.equal(await page.inputValue('#rule'), 'Is there a red circle?');
  assert.match(
    (await page.textContent('#understood')) ?? '',
    /counts red circles; 1 or more is a match/,
  );
  await checkState(page, 'camera-empty');
  await page.selectOption('#every', '1');
  await tryFrame(page);
  await say(page, 'Start the watch when you like.');
  assert.match(
    (await page.textContent('#cost')) ?? '',
    /A frame takes 0\.\d s on this device. It keeps up with an interval of 1 second/,
  );
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'start');
  assert.deepEqual(await page.evaluate(() => locks), []);
  await checkState(page, 'camera-ready');
  await page.click('#start');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'watch-title');
  await page.locator('#log-list li').nth(1).waitFor();
  await page.locator('#next', { hasText: /Next frame: \d/ }).waitFor();
  assert.deepEqual(await page.locator('#log-list .rule').allTextContents(), [
    'Is there a red circle? 2 red circles.',
    'Is there a red circle? 1 red circle.',
  ]);
  const times = await page
    .locator('#log-list time')
    .evaluateAll((all) => all.map((each) => each.getAttribute('datetime') ?? ''));
  assert.ok((times[0] ?? '') > (times[1] ?? ''), times.join());
  await page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLImageElement>('.match img')].every(
      ({ naturalWidth }) => naturalWidth === 320,
    ),
  );
  await page.click('#stop');
  await say(page, 'Stopped.');
  assert.deepEqual(await page.evaluate(() => locks), ['held', 'released']);
  await checkState(page, 'camera-log');
  assert.deepEqual(errors, []);
});

test('the log is saved as a file that stands alone, and deleted when one agrees', async () => {
  const { page } = await open(LARGE, { answers: ['{"answer": "yes"}'] });
  await page.fill('#rule', 'Is <b>this</b> a scene?');
  await tryFrame(page);
  await page.locator('#log-list li').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
  assert.match(download.suggestedFilename(), /^pocketphi-watch-\d{4}-\d\d-\d\d\.html$/);
  const file = readFileSync(await download.path(), 'utf8');
  assert.match(file, /^<!doctype html>\n<html lang="en"><head><meta charset="utf-8">/);
  assert.match(file, /Is &lt;b&gt;this&lt;\/b&gt; a scene\? yes/);
  assert.match(file, /src="data:image\/jpeg;base64,\/9j/);
  await page.click('#clear');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#log-list li').count(), 1);
  await page.click('#clear');
  await page.locator('#confirm button.danger').click();
  await page.locator('#log-count', { hasText: 'None yet.' }).waitFor();
  assert.equal(await page.locator('#log-actions').isVisible(), false);
});

test('the camera: on with the first frame, off at once with the stop; the answer is bound to yes and no', async () => {
  const { page, errors } = await open(LARGE, { answers: ['{"answer": "no"}'] });
  await page.check('input[value="camera"]', { force: true });
  await page.locator('#screen-note', { hasText: 'The camera is off.' }).waitFor();
  assert.equal(await liveTracks(page), 0);
  await page.selectOption('#every', '300');
  await tryFrame(page);
  assert.equal(await liveTracks(page), 1);
  await page.click('#start');
  await page.locator('#next', { hasText: 'Next frame' }).waitFor();
  await checkState(page, 'camera-watching');
  const requests = await page.evaluate(() => globalThis.asked as unknown as AskedRequest[]);
  const schema = JSON.stringify(requests[0]?.response_format);
  assert.match(schema, /"enum":\["yes","no"\].*"additionalProperties":false/);
  await page.click('#stop');
  assert.equal(await liveTracks(page), 0, 'at once');
  await say(page, 'Stopped. The camera is off.');
  await page.locator('#screen-note', { hasText: 'The camera is off.' }).waitFor();
  assert.match((await page.textContent('#seen-note')) ?? '', /2 frames so far, 0 matches/);

  await tryFrame(page);
  assert.equal(await liveTracks(page), 1);
  await page.fill('#rule', 'Another one?');
  assert.equal(await page.locator('#start').isVisible(), false, 'it was not tried');
  assert.equal(await liveTracks(page), 0);

  await tryFrame(page);
  await page.click('#start');
  await page.evaluate(() => {
    for (const track of streams.at(-1)?.getTracks() ?? []) track.dispatchEvent(new Event('ended'));
  });
  await error(page, 'The camera was unplugged');
  await say(page, 'The camera is gone.');
  assert.deepEqual(errors, []);
});

test('stopped while it looks: nothing is kept, and the next watch begins', async () => {
  const { page } = await open(SMALL, {
    fake: { steps: 1000, stepMs: 20 },
    answers: ['1 red circle.'],
  });
  await page.click('#prepare');
  await page.locator('#bar').waitFor();
  await page.focus('#stop');
  await page.keyboard.press('Enter');
  await say(page, 'Stopped.');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'prepare');
  assert.equal(await page.locator('#log-list li').count(), 0);
  assert.equal(await page.locator('#error').isVisible(), false);
  await page.evaluate(() => {
    fakeVision.steps = 1;
  });
  await tryFrame(page);
  assert.equal(await page.locator('#log-list li').count(), 1);
});

test('a video file is watched to its end; what is no video is said', async () => {
  const { page } = await open(LARGE);
  await page.check('input[value="file"]', { force: true });
  await page.click('#prepare');
  await error(page, 'Choose a video file first.');
  const buffer = Buffer.from('no video');
  await page.setInputFiles('#file', { name: 'no.webm', mimeType: 'video/webm', buffer });
  await page.click('#prepare');
  await error(page, 'This browser cannot play this file.');
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' });
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.start();
    for (let i = 0; i < 40; i++) {
      if (context) context.fillStyle = `hsl(${i * 9} 80% 50%)`;
      context?.fillRect(0, 0, canvas.width, canvas.height);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    recorder.stop();
    await stopped;
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
  });
  await page.setInputFiles('#file', {
    name: 'film.webm',
    mimeType: 'video/webm',
    buffer: Buffer.from(bytes),
  });
  await page.locator('#file-name', { hasText: 'film.webm' }).waitFor();
  await tryFrame(page);
  const film = () =>
    page.$eval('#video', (video: HTMLVideoElement) => [video.paused, video.currentTime]);
  assert.deepEqual(await film(), [true, 0], 'it waits for the watch');
  await page.click('#start');
  await say(page, 'The video has ended.');
  assert.equal(await page.locator('#error').isVisible(), false);
  assert.match((await page.textContent('#seen-description')) ?? '', /Two shapes/);
});

test('a camera that is allowed after the stop goes off, and leaves that of the next watch alone', async () => {
  const { page, errors } = await open(LARGE);
  await page.check('input[value="camera"]', { force: true });
  await page.evaluate(holdPrompt);
  await page.click('#prepare');
  await page.waitForFunction(() => globalThis.answerPrompt !== undefined);
  await page.click('#stop');
  await say(page, 'Stopped.');
  await tryFrame(page);
  assert.equal(await liveTracks(page), 1);
  await page.evaluate(() => answerPrompt());
  await page.waitForFunction(
    () =>
      streams.length === 2 && streams[1]?.getTracks().every((one) => one.readyState === 'ended'),
  );
  assert.equal(await liveTracks(page), 1);
  const isShown = () =>
    page.$eval('#video', (video: HTMLVideoElement) => video.srcObject === streams[0]);
  assert.ok(await isShown(), 'the picture of the next watch stays');
  await page.click('#start');
  await page.locator('#next', { hasText: 'Next frame' }).waitFor();
  assert.deepEqual(errors, []);
});

test('a frame that gives no thumbnail, and a file that cannot be made, are said', async () => {
  const { page, errors } = await open(LARGE, { answers: ['{"answer": "yes"}'] });
  await page.evaluate(() => {
    const make = HTMLCanvasElement.prototype.toBlob;
    HTMLCanvasElement.prototype.toBlob = function toBlob(give, type, quality) {
      if (type !== 'image/jpeg') make.call(this, give, type, quality);
      else {
        HTMLCanvasElement.prototype.toBlob = make;
        give(null);
      }
    };
  });
  await page.click('#prepare');
  await error(page, 'This is not a picture that can be read.');
  await tryFrame(page);
  await page.evaluate(() => {
    FileReader.prototype.readAsDataURL = () => {
      throw new Error('no memory for it');
    };
  });
  await page.click('#export');
  await error(page, 'no memory for it');
  assert.deepEqual(errors, []);
});

test('by the keyboard alone, in Korean, on a phone', async () => {
  const { page, errors } = await open(SMALL, { viewport: PHONE, answers: ['빨간 원 1개예요.'] });
  await page.selectOption('#language', 'ko');
  assert.equal(await page.inputValue('#rule'), '빨간 원이 있나요?');
  await tabTo(page, 'input[name="source"]');
  await tabTo(page, '#rule');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText('빨간 동그라미가 보이나요?');
  await page.locator('#understood', { hasText: '빨간 원의 개수를 셉니다' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('#log-list li', { hasText: '빨간 원 1개예요.' }).waitFor();
  await page.locator('#start').waitFor();
  await page.keyboard.press('Enter');
  await say(page, '찾았습니다.');
  await tabTo(page, '#stop');
  await page.keyboard.press('Enter');
  await say(page, '중지했습니다.');
  const asked = await page.evaluate(() => JSON.stringify(globalThis.asked));
  assert.match(asked, /빨간 원이 몇 개예요\?/);
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 320, `the page is ${width} wide`);
  assert.deepEqual(errors, []);
});

test('what fails is explained, and everything is off: rules, cameras, models', async () => {
  const { page } = await open(SMALL);
  await page.fill('#rule', 'Is the door open?');
  await page.click('#prepare');
  await error(page, 'The small model knows only shapes and colours');
  await page.fill('#rule', '');
  await page.uncheck('#describes');
  await page.click('#prepare');
  await error(page, 'There is nothing to do');
  await checkState(page, 'camera-error');

  await page.fill('#rule', 'Is there a star?');
  await page.check('input[value="camera"]', { force: true });
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia;
    mediaDevices.getUserMedia = (wishes) => {
      mediaDevices.getUserMedia = ask;
      void wishes;
      return Promise.reject(new DOMException('denied', 'NotAllowedError'));
    };
  });
  await page.click('#prepare');
  await error(page, 'The browser does not give the camera to this page.');
  await page.selectOption('#language', 'ko');
  await error(page, '카메라를 허용하지 않습니다');
  await page.selectOption('#language', 'en');

  await page.fill('#rule', 'Is there a star?');
  await page.selectOption('#every', '1');
  await tryFrame(page);
  assert.match((await page.textContent('#model-note')) ?? '', /^Fake Vision is loaded/);
  await page.click('#start');
  await page.evaluate(() => {
    fakeVision.fails = 'PHI_EPOISONED';
  });
  await error(page, 'The engine stopped working.');
  await say(page, 'The watch has ended.');
  assert.equal(await page.textContent('#model-note'), '', 'nothing is loaded any longer');
  assert.equal(await liveTracks(page), 0);
  await page.evaluate(() => {
    fakeVision.fails = undefined;
    fakeVision.failsToLoad = 'PHI_ECORRUPT';
  });
  await page.click('#prepare');
  await error(page, 'This file cannot be read as a model.');
  await page.evaluate(() => {
    delete fakeVision.failsToLoad;
    fakeVision.isBlind = true;
  });
  await page.click('#prepare');
  await error(page, 'This model reads text only.');
  await page.evaluate(() => {
    fakeVision.isBlind = false;
  });
  await tryFrame(page);
  assert.equal(await page.locator('#error').isVisible(), false);
});

test('no task of the page takes 50 ms while it watches and matches', async () => {
  const { page } = await open(SMALL, { answers: ['3 red circles.'] });
  await page.selectOption('#every', '1');
  await tryFrame(page);
  const { cpuMs } = await measureTasks(page, async () => {
    await page.click('#start');
    await page.locator('#log-list li').nth(4).waitFor();
  });
  assert.ok(cpuMs < TASK_MS_MAX, `a task of ${cpuMs} ms`);
});
