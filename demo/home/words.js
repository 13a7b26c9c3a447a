/* Words of the front page. Each language has every key. */

const en = {
  heading: 'A language model in this tab',
  what:
    'PocketPhi runs the Phi-3 family of language models inside your browser: nothing to install, no server that ' +
    'computes, nothing that you type leaves this device. A small model of our own comes with this page and answers ' +
    'at once; the real Phi-3 is one click away, on the chat page.',
  tryTitle: 'Try it',
  tryWhat:
    'The model in this box is tiny and knows one thing: sums of primary school, in English and Korean. It shows its ' +
    'steps.',
  question: 'A sum, or a question about one',
  ask: 'Ask',
  stop: 'Stop',
  solve: 'Solve',
  noModel: 'This site was built without its model. On the chat page you can load another one.',
  getting: 'Getting the model ready…',
  gettingPercent: (percent, total) => `Getting the model ready: ${percent} % of ${total}…`,
  ready: (threads) =>
    `The model is ready and runs in this tab, on ${threads === 1 ? 'one thread' : `${threads} threads`}.`,
  rate: (tokens, perSecond, seconds) =>
    `${tokens} tokens in ${seconds} s, ${perSecond} tokens a second, computed in this tab.`,
  verdicts: {
    good: 'Checked by this page: every line adds up.',
    bad: 'This page checked it: something in it is wrong. Do not believe this answer; a small model errs.',
  },
  pagesTitle: 'What is here',
  cards: {
    tutor:
      'Sums for children of seven to ten: step by step, with hints, practice sets and squared paper.',
    chat: 'Talk to Phi-3 and its relatives, or to a model file of your own. Conversations stay here.',
    summarise: 'Paste a thread of messages or a document, and get what matters.',
    vision: 'Drop, photograph or draw a picture and ask about it: a model that sees, in this tab.',
    camera: 'A camera that watches for what you describe, without a network; nothing is uploaded.',
    models: 'What is stored on this device: sizes, checks, deleting, room.',
    bench: 'How fast this device is, drawn beside machines that we measured.',
  },
  cardPictures: {
    vision: 'A sheet on which 27 + 15 is written by hand, and the answer: 27 + 15 = 42',
  },
  browserTitle: 'What this browser can do',
  facts: {
    terms: {
      threads: 'Threads',
      kernels: 'Kernels',
      memory: 'Memory',
      storage: 'Storage',
      offline: 'Offline',
    },
    threads: (n) => `${n} threads compute each token together.`,
    oneThread: 'One thread only.',
    oneProcessor: 'One thread: the browser shows this page one processor.',
    reload:
      'Threads need a page that is isolated from other sites. Close this tab and open the page again; if this stays, ' +
      'the browser’s settings or an extension forbid it.',
    noIsolation:
      'Threads need a page that is isolated from other sites. This server does not ask for it, and here no service ' +
      'worker can: open the page over https, and not in a private window.',
    noSharedMemory:
      'This browser has no WebAssembly threads; current versions of Chrome, Edge, Firefox and Safari have them.',
    relaxed: 'Relaxed SIMD: the fastest ones.',
    simd: 'SIMD: fast.',
    noRelaxed: 'With relaxed SIMD some would be faster; Chrome and Edge have it since version 114.',
    noSimd: 'No WebAssembly SIMD: models cannot run here.',
    simdBrowsers: 'Chrome 91, Firefox 89, Safari 16.4 and newer have it.',
    memory: (bytes) => `A model with its context may take up to ${bytes}.`,
    device: (gigabytes) => `This device says that it has ${gigabytes} GB or more.`,
    room: (room, used) => `Room for ${room} more; this site uses ${used}.`,
    littleRoom:
      'That is little: Phi-3-mini takes 2.4 GB. Free some disk, or leave the private window.',
    persisted: {
      true: 'The browser keeps it even when the disk gets full.',
      false: 'The browser may delete it when the disk gets full.',
    },
    noRoom: 'This browser does not say how much this site may store.',
    noRoomRemedy: 'Models may have to be fetched again on each visit.',
    offline:
      'After this visit the whole site works without a network, and so do the models that you have loaded.',
    noOffline: 'These pages need a network.',
    noOfflineRemedy:
      'Service workers are missing: open the page over https, and not in a private window.',
  },
  privacyTitle: 'Privacy',
  privacyText:
    'The engine sends nothing. Requests go to this site for its own files, and, when you load a model from ' +
    'elsewhere, to where it lies. There are no cookies, no counters and nothing from other hosts on these pages. ' +
    'Conversations, progress and models are kept by your browser, for this site only, until you delete them.',
  source: 'The source of all of this',
};

const ko = {
  heading: '이 탭 안에서 도는 언어 모델',
  what:
    'PocketPhi는 Phi-3 계열 언어 모델을 브라우저 안에서 실행합니다. 설치할 것도, 대신 계산해 주는 서버도 없고, 입력한 내용은 이 ' +
    '기기를 벗어나지 않습니다. 이 페이지에 함께 담긴 작은 모델은 바로 대답하고, 진짜 Phi-3는 채팅 페이지에서 한 번만 누르면 됩니다.',
  tryTitle: '직접 해 보기',
  tryWhat:
    '여기 있는 모델은 아주 작아서 한 가지만 압니다. 초등학교 산수를 한국어와 영어로, 풀이 과정과 함께 알려 줍니다.',
  question: '계산식이나 산수 질문',
  ask: '물어보기',
  stop: '중지',
  solve: '풀이',
  noModel:
    '이 사이트에는 모델이 함께 담기지 않았습니다. 채팅 페이지에서 다른 모델을 불러올 수 있습니다.',
  getting: '모델을 준비하는 중…',
  gettingPercent: (percent, total) => `모델을 준비하는 중: ${total} 중 ${percent} %…`,
  ready: (threads) => `모델이 준비되었습니다. 이 탭 안에서 스레드 ${threads}개로 실행됩니다.`,
  rate: (tokens, perSecond, seconds) =>
    `${seconds}초 동안 토큰 ${tokens}개, 초당 ${perSecond}개. 모두 이 탭 안에서 계산했습니다.`,
  verdicts: {
    good: '이 페이지가 확인했습니다. 모든 줄이 맞습니다.',
    bad: '이 페이지가 확인해 보니 틀린 곳이 있습니다. 작은 모델은 실수하기도 하니 이 답은 믿지 마세요.',
  },
  pagesTitle: '무엇이 있나요',
  cards: {
    tutor: '일곱 살에서 열 살 어린이를 위한 산수. 한 단계씩, 힌트와 연습 문제, 모눈종이와 함께.',
    chat: 'Phi-3와 그 형제 모델, 또는 내 모델 파일과 이야기합니다. 대화는 이 기기에 남습니다.',
    summarise: '메시지 대화나 문서를 붙여 넣으면 중요한 내용만 추려 줍니다.',
    vision: '그림을 넣거나 찍거나 그려서 물어보세요. 그림을 보는 모델이 이 탭 안에서 대답합니다.',
    camera: '말로 알려 준 것을 네트워크 없이 지켜보는 카메라. 아무것도 업로드하지 않습니다.',
    models: '이 기기에 저장된 모델: 크기, 검사, 삭제, 남은 공간.',
    bench: '이 기기가 얼마나 빠른지 재고, 저희가 잰 다른 기기와 나란히 그려 봅니다.',
  },
  cardPictures: {
    vision: '손으로 27 + 15라고 쓴 종이와 답: 27 + 15 = 42',
  },
  browserTitle: '이 브라우저가 할 수 있는 일',
  facts: {
    terms: {
      threads: '스레드',
      kernels: '커널',
      memory: '메모리',
      storage: '저장 공간',
      offline: '오프라인',
    },
    threads: (n) => `스레드 ${n}개가 토큰 하나하나를 함께 계산합니다.`,
    oneThread: '스레드를 하나만 쓸 수 있습니다.',
    oneProcessor: '스레드 하나: 브라우저가 이 페이지에 프로세서를 하나만 보여 줍니다.',
    reload:
      '스레드를 쓰려면 이 페이지가 다른 사이트와 격리되어야 합니다. 탭을 닫고 다시 열어 보세요. 그래도 같다면 브라우저 설정이나 ' +
      '확장 프로그램이 막고 있는 것입니다.',
    noIsolation:
      '스레드를 쓰려면 이 페이지가 다른 사이트와 격리되어야 합니다. 이 서버는 그것을 요청하지 않고, 여기서는 서비스 워커도 쓸 수 ' +
      '없습니다. https로, 시크릿 창이 아닌 창에서 열어 주세요.',
    noSharedMemory:
      '이 브라우저에는 WebAssembly 스레드가 없습니다. 최신 Chrome, Edge, Firefox, Safari에는 있습니다.',
    relaxed: 'Relaxed SIMD: 가장 빠른 커널을 씁니다.',
    simd: 'SIMD: 빠른 커널을 씁니다.',
    noRelaxed: 'Relaxed SIMD가 있으면 더 빨라집니다. Chrome과 Edge는 114 버전부터 지원합니다.',
    noSimd: 'WebAssembly SIMD가 없어 여기서는 모델을 실행할 수 없습니다.',
    simdBrowsers: 'Chrome 91, Firefox 89, Safari 16.4 이상에서 지원합니다.',
    memory: (bytes) => `모델과 문맥을 합쳐 ${bytes}까지 쓸 수 있습니다.`,
    device: (gigabytes) => `이 기기의 메모리는 ${gigabytes} GB 이상입니다.`,
    room: (room, used) =>
      `${room} 더 저장할 수 있습니다. 이 사이트가 지금 쓰는 공간은 ${used}입니다.`,
    littleRoom:
      '넉넉하지 않습니다. Phi-3-mini는 2.4 GB입니다. 디스크를 비우거나 시크릿 창이 아닌 창에서 열어 보세요.',
    persisted: {
      true: '디스크가 가득 차도 브라우저가 지우지 않습니다.',
      false: '디스크가 가득 차면 브라우저가 지울 수 있습니다.',
    },
    noRoom: '이 브라우저는 얼마나 저장할 수 있는지 알려 주지 않습니다.',
    noRoomRemedy: '방문할 때마다 모델을 다시 받아야 할 수 있습니다.',
    offline: '한 번 방문한 뒤에는 사이트 전체와 불러온 모델을 네트워크 없이 쓸 수 있습니다.',
    noOffline: '이 페이지들은 네트워크가 필요합니다.',
    noOfflineRemedy: '서비스 워커를 쓸 수 없습니다. https로, 시크릿 창이 아닌 창에서 열어 주세요.',
  },
  privacyTitle: '개인 정보',
  privacyText:
    '엔진은 아무것도 보내지 않습니다. 요청은 이 사이트의 파일을 받을 때, 그리고 다른 곳의 모델을 불러올 때 그 모델이 있는 곳으로만 ' +
    '갑니다. 쿠키도, 방문 집계도, 다른 곳에서 가져오는 것도 없습니다. 대화와 진도, 모델은 지우기 전까지 이 사이트만을 위해 ' +
    '브라우저에 보관됩니다.',
  source: '이 모든 것의 소스 코드',
};

export const WORDS = { en, ko };
