/* The page's words. Each language has every key. */
import { VISION_WORDS } from '../site/vision-words.js';

const en = {
  ...VISION_WORDS.en,
  heading: 'A camera that watches for you',
  lead:
    'Say what to watch for, and a model looks at a frame every so often, in this tab, with or without a network. ' +
    'Nothing is uploaded; matches stay on this page until you close it.',
  viewTitle: '1. What is watched',
  sources: { scene: 'a drawn scene', camera: 'the camera', file: 'a video file' },
  chooseVideo: 'Choose a video…',
  sceneLabel: 'A scene of coloured shapes that come and go',
  videoLabel: 'What is watched',
  screens: {
    camera: 'The camera is off. It goes on with “Try one frame”.',
    file: 'No video is playing.',
  },
  wishesTitle: '2. What to watch for',
  ruleLabel: 'A question of yes and no',
  suggestionsLabel: 'Rules to choose from',
  suggestions: {
    small: ['Is there a red circle?', 'Are there 2 yellow stars?', 'Is there a heart?'],
    large: ['Is there a person?', 'Is the door open?', 'Is there smoke or fire?'],
  },
  every: 'A frame every',
  secondsOf: (number) => `${number} s`,
  describes: 'Describe each frame too',
  modelLegend: 'The model',
  smallNote:
    'The small model of this site knows circles, squares, triangles, stars and hearts in seven colours, on plain ' +
    'paper: draw some and hold them before the camera, or try the scene. For anything else choose another model.',
  understood: (least, kind) => `The small model counts ${kind}; ${least} or more is a match.`,
  prepare: 'Try one frame',
  start: 'Start the watch',
  watchTitle: 'The watch',
  barLabel: 'How far the model has looked at this frame',
  statuses: {
    opening: 'Starting…',
    trying: 'Looking at one frame…',
    tried: 'One frame is looked at. Start the watch when you like.',
    watching: 'Watching.',
    match: 'Match.',
    stopped: 'Stopped.',
    cameraOff: 'Stopped. The camera is off.',
    failed: 'The watch has ended.',
    VIDEO_ENDED: 'The video has ended.',
    CAMERA_ENDED: 'The camera is gone.',
  },
  cost: (time) => `A frame takes ${time} on this device.`,
  costFits: (every) => `It keeps up with an interval of ${every}.`,
  costOver: (time) => `That is longer than the interval: there will be a frame every ${time}.`,
  answers: { yes: 'yes', no: 'no', none: 'no answer' },
  ruleAnswer: (rule, answer) => `${rule} ${answer}`,
  seenNote: (time, frames, matches) =>
    `${time}. ${frames === '1' ? '1 frame' : `${frames} frames`} so far, ` +
    `${matches === '1' ? '1 match' : `${matches} matches`}.`,
  next: (time) => `Next frame: ${time}.`,
  watchNote:
    'The watch goes on while this tab is in the background, as far as the browser lets it: some slow hidden tabs ' +
    'down. The screen is kept on where that is possible.',
  logTitle: 'Matches',
  matches: (count, dropped) => {
    if (count === 0) return 'None yet.';
    const gone = dropped > 0 ? `, the newest of ${count + dropped}` : '';
    return `${count}${gone}, newest first.`;
  },
  moreMatches: (count) => `${count} older ones are in the file that you can save.`,
  export: 'Save as a file',
  exportTitle: 'Matches of a watch, PocketPhi',
  clear: 'Delete all',
  clearAsk: 'Delete all matches and their pictures?',
  cleared: 'All matches are deleted.',
  errors: {
    ...VISION_WORDS.en.errors,
    RULE_UNKNOWN:
      'The small model knows only shapes and colours: name one, such as “Is there a red circle?”, or choose another ' +
      'model.',
    NOTHING_ASKED: 'There is nothing to do: give a rule, or have each frame described.',
    VIDEO_NONE: 'Choose a video file first.',
    VIDEO_UNREAD: 'This browser cannot play this file.',
    CAMERA_ENDED: 'The camera was unplugged, or taken away from this page.',
  },
};

const ko = {
  ...VISION_WORDS.ko,
  heading: '대신 지켜보는 카메라',
  lead:
    '무엇을 지켜볼지 말로 알려 주세요. 모델이 이 탭 안에서, 네트워크가 없어도, 정해진 시간마다 화면을 한 장씩 살펴봅니다. 아무것도 업로드하지 ' +
    '않으며, 찾은 장면은 이 페이지를 닫을 때까지만 남습니다.',
  viewTitle: '1. 지켜볼 곳',
  sources: { scene: '그려진 장면', camera: '카메라', file: '동영상 파일' },
  chooseVideo: '동영상 고르기…',
  sceneLabel: '색깔 도형이 나타났다 사라지는 장면',
  videoLabel: '지켜보는 화면',
  screens: {
    camera: '카메라가 꺼져 있습니다. ‘한 장 살펴보기’를 누르면 켜집니다.',
    file: '재생 중인 동영상이 없습니다.',
  },
  wishesTitle: '2. 지켜볼 것',
  ruleLabel: '예, 아니요로 답할 수 있는 질문',
  suggestionsLabel: '골라 쓸 수 있는 규칙',
  suggestions: {
    small: ['빨간 원이 있나요?', '노란 별이 2개 있나요?', '하트가 있나요?'],
    large: ['사람이 있나요?', '문이 열려 있나요?', '연기나 불이 보이나요?'],
  },
  every: '살펴보는 간격',
  secondsOf: (number) => `${number}초`,
  describes: '장면마다 설명도 쓰기',
  modelLegend: '모델',
  smallNote:
    '이 사이트의 작은 모델은 흰 종이 위에 있는 일곱 가지 색의 원, 사각형, 삼각형, 별, 하트만 압니다. 그려서 카메라 앞에 들어 보거나 그려진 ' +
    '장면으로 해 보세요. 다른 것을 지켜보려면 다른 모델을 고르세요.',
  understood: (least, kind) =>
    `작은 모델이 ${kind}의 개수를 셉니다. ${least}개 이상이면 찾은 것입니다.`,
  prepare: '한 장 살펴보기',
  start: '지켜보기 시작',
  watchTitle: '지켜보기',
  barLabel: '모델이 이 장면을 살펴본 정도',
  statuses: {
    opening: '시작하는 중…',
    trying: '한 장을 살펴보는 중…',
    tried: '한 장을 살펴보았습니다. 이제 지켜보기를 시작할 수 있습니다.',
    watching: '지켜보는 중입니다.',
    match: '찾았습니다.',
    stopped: '중지했습니다.',
    cameraOff: '중지했습니다. 카메라는 꺼졌습니다.',
    failed: '지켜보기가 끝났습니다.',
    VIDEO_ENDED: '동영상이 끝났습니다.',
    CAMERA_ENDED: '카메라가 없어졌습니다.',
  },
  cost: (time) => `이 기기에서는 한 장에 ${time} 걸립니다.`,
  costFits: (every) => `${every} 간격에 맞출 수 있습니다.`,
  costOver: (time) => `정한 간격보다 길어서 ${time}마다 한 장씩 보게 됩니다.`,
  answers: { yes: '예', no: '아니요', none: '대답 없음' },
  ruleAnswer: (rule, answer) => `${rule} ${answer}`,
  seenNote: (time, frames, matches) =>
    `${time}. 지금까지 ${frames}장을 보고 ${matches}번 찾았습니다.`,
  next: (time) => `다음 장면: ${time}.`,
  watchNote:
    '이 탭이 뒤에 있어도 브라우저가 허용하는 한 계속 지켜봅니다. 가려진 탭을 느리게 하는 브라우저도 있습니다. 가능하면 화면이 꺼지지 ' +
    '않게 합니다.',
  logTitle: '찾은 장면',
  matches: (count, dropped) => {
    if (count === 0) return '아직 없습니다.';
    const gone = dropped > 0 ? ` (모두 ${count + dropped}개 중 최근 것)` : '';
    return `${count}개${gone}, 최근 것부터.`;
  },
  moreMatches: (count) => `더 오래된 ${count}개는 저장한 파일에서 볼 수 있습니다.`,
  export: '파일로 저장',
  exportTitle: 'PocketPhi가 찾은 장면',
  clear: '모두 지우기',
  clearAsk: '찾은 장면과 그림을 모두 지울까요?',
  cleared: '찾은 장면을 모두 지웠습니다.',
  errors: {
    ...VISION_WORDS.ko.errors,
    RULE_UNKNOWN:
      '작은 모델은 도형과 색만 압니다. ‘빨간 원이 있나요?’처럼 도형이나 색을 넣거나 다른 모델을 고르세요.',
    NOTHING_ASKED: '할 일이 없습니다. 지켜볼 것을 쓰거나 장면 설명을 켜 주세요.',
    VIDEO_NONE: '먼저 동영상 파일을 고르세요.',
    VIDEO_UNREAD: '이 브라우저로는 재생할 수 없는 파일입니다.',
    CAMERA_ENDED: '카메라 연결이 끊어졌거나 이 페이지에서 쓸 수 없게 되었습니다.',
  },
};

export const WORDS = { en, ko };
