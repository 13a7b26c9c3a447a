/* Words that all pages share. Each language has every key; `errors` is keyed by the engine's codes. */

const en = {
  pages: {
    index: 'Home',
    tutor: 'Tutor',
    chat: 'Chat',
    summarise: 'Summarise',
    vision: 'Pictures',
    camera: 'Camera',
    models: 'Models',
    bench: 'Bench',
  },
  skip: 'Skip to the content',
  nav: 'Pages',
  language: 'Language',
  theme: 'Appearance',
  themes: { auto: 'Auto', light: 'Light', dark: 'Dark' },
  offline: 'Offline',
  offlineTitle: 'There is no network. What is on this device goes on working.',
  privacy:
    'Everything is computed in this tab. What you type stays on this device; there is no server behind this page.',
  version: (id) => `Version ${id}`,
  licences: 'Licences',
  offlineReady: 'This site works without a network from now on.',
  updateReady: 'A new version of this site is ready.',
  update: 'Update now',
  later: 'Later',
  install: 'Install as an app',
  loading: (name) => `Loading ${name}`,
  pause: 'Pause',
  resume: 'Continue',
  cancel: 'Cancel',
  paused: 'Paused. What has come is kept.',
  phases: {
    plan: 'Reading the file’s description…',
    wait: 'Waiting…',
    download: 'Downloading…',
    verify: 'Checking…',
    load: 'Loading from this device…',
    warmup: 'Warming up…',
  },
  progress: (done, total) => (total ? `${done} of ${total}` : done),
  perSecond: (rate) => `${rate}/s`,
  left: (time) => `${time} left`,
  fromHere: (bytes) => `${bytes} of it were on this device already.`,
  resumable: 'What has come is kept when you stop.',
  loaded: (name) => `${name} is ready.`,
  detail: 'Details:',
  errors: {
    PHI_EINVAL: 'Something in the request is not right.',
    PHI_ESTATE: 'That is not possible right now.',
    PHI_ENOMEM: 'There is not enough memory for this model. A shorter context needs less.',
    PHI_ECORRUPT: 'This file cannot be read as a model.',
    PHI_EUNSUPPORTED: 'This model, or this browser, is not supported.',
    PHI_ENETWORK: 'The model could not be fetched.',
    PHI_ESTORAGE:
      'The browser’s storage is full, or refuses. Delete a stored model, or do not keep this one.',
    PHI_ECONTEXT: 'The text is longer than the context. Start anew, or shorten it.',
    PHI_EPOISONED: 'The engine stopped working. Load the model again.',
    unknown: 'Something unexpected happened.',
  },
};

const ko = {
  pages: {
    index: '처음',
    tutor: '수학 선생님',
    chat: '채팅',
    summarise: '요약',
    vision: '그림',
    camera: '카메라',
    models: '모델',
    bench: '성능 측정',
  },
  skip: '본문으로 건너뛰기',
  nav: '페이지',
  language: '언어',
  theme: '화면 모드',
  themes: { auto: '자동', light: '밝게', dark: '어둡게' },
  offline: '오프라인',
  offlineTitle: '네트워크에 연결되어 있지 않습니다. 이 기기에 있는 것은 그대로 쓸 수 있습니다.',
  privacy:
    '모든 계산은 이 탭 안에서 이루어집니다. 입력한 내용은 이 기기를 벗어나지 않으며, 뒤에서 돌아가는 서버도 없습니다.',
  version: (id) => `버전 ${id}`,
  licences: '라이선스',
  offlineReady: '이제 이 사이트는 네트워크 없이도 열립니다.',
  updateReady: '이 사이트의 새 버전이 준비되었습니다.',
  update: '지금 업데이트',
  later: '나중에',
  install: '앱으로 설치',
  loading: (name) => `${name} 불러오는 중`,
  pause: '일시 정지',
  resume: '이어받기',
  cancel: '취소',
  paused: '일시 정지했습니다. 지금까지 받은 부분은 보관됩니다.',
  phases: {
    plan: '파일 정보를 읽는 중…',
    wait: '기다리는 중…',
    download: '내려받는 중…',
    verify: '검사하는 중…',
    load: '이 기기에서 불러오는 중…',
    warmup: '준비하는 중…',
  },
  progress: (done, total) => (total ? `${total} 중 ${done}` : done),
  perSecond: (rate) => `초당 ${rate}`,
  left: (time) => `${time} 남음`,
  fromHere: (bytes) => `이 가운데 ${bytes}는 이미 이 기기에 있었습니다.`,
  resumable: '멈춰도 지금까지 받은 부분은 보관됩니다.',
  loaded: (name) => `${name} 준비 완료.`,
  detail: '자세히:',
  errors: {
    PHI_EINVAL: '요청에 잘못된 부분이 있습니다.',
    PHI_ESTATE: '지금은 할 수 없는 작업입니다.',
    PHI_ENOMEM: '이 모델을 실행할 메모리가 부족합니다. 문맥 길이를 줄이면 메모리를 덜 씁니다.',
    PHI_ECORRUPT: '이 파일은 모델로 읽을 수 없습니다.',
    PHI_EUNSUPPORTED: '이 모델 또는 브라우저는 지원되지 않습니다.',
    PHI_ENETWORK: '모델을 가져오지 못했습니다.',
    PHI_ESTORAGE:
      '브라우저의 저장 공간이 부족하거나 쓸 수 없습니다. 저장된 모델을 삭제하거나 보관하지 않고 불러오세요.',
    PHI_ECONTEXT: '글이 문맥 길이를 넘었습니다. 새로 시작하거나 글을 줄여 주세요.',
    PHI_EPOISONED: '엔진이 멈췄습니다. 모델을 다시 불러오세요.',
    unknown: '예상하지 못한 문제가 생겼습니다.',
  },
};

export const SHARED_WORDS = { en, ko };
export const LANGUAGES = { en: 'English', ko: '한국어' };

/** The first language of a list such as navigator.languages that the site speaks. */
export function pickLanguage(wanted) {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0];
    if (Object.hasOwn(SHARED_WORDS, language)) return language;
  }
  return 'en';
}
