/* The page's words. Each language has every key. */
import { SHARED_WORDS } from '../site/words.js';

const en = {
  heading: 'Models',
  lead: 'Models that this site keeps on your device. They stay until you delete them, and need no network.',
  roomTitle: 'On this device',
  room: (used, quota) => `This site uses ${used} of the ${quota} that the browser lets it have.`,
  roomUnknown: (used) => `Models take ${used}. This browser does not tell how much room there is.`,
  roomBar: (models, other, quota) =>
    `models ${models}, other files of this site ${other}, of ${quota}`,
  embeddedNote:
    'The small tutor that comes with this site is kept with the site itself, so it is not in this list.',
  places: { opfs: 'kept as files of this site', indexeddb: 'kept in the database of this site' },
  added: (day) => `added ${day}`,
  imported: 'imported from a file',
  thisSite: 'from this site',
  getTitle: 'Get a model',
  download: 'Download',
  downloadOf: (name) => `Download ${name}`,
  size: (bytes) => `about ${bytes}`,
  memory: (bytes) => `about ${bytes} of memory`,
  context: (tokens) => `reads ${tokens} tokens at once`,
  licence: (name) => `licence ${name}`,
  from: (host) => `from ${host}`,
  isStored: 'stored already',
  isPartly: 'partly stored: continue in the list above',
  tooLarge: 'There is not enough room for it: this site may store another',
  othersTitle: 'Others of the family',
  othersNote:
    'For these no file is on record, or this build cannot run them. The address of a conversion will do, below.',
  states: {
    works: 'runs; give the address of a GGUF file',
    'needs memory64': 'too large for this build',
    planned: 'not supported yet',
  },
  addressLabel: 'Address or name of a model',
  addressHint:
    'The URL of a GGUF file or manifest, or hf:owner/repository[/file.gguf]. It is stored, not opened.',
  importTitle: 'Import from a file',
  importNote:
    'A GGUF file from your disk is copied into the browser’s storage: every page here can use it from then on. ' +
    'For a model in several files choose all of them.',
  chooseFile: 'Choose a GGUF file…',
  againFile: (name) => `To continue, choose the file ${name} again.`,
  notKept: 'The browser keeps nothing here, so nothing was stored.',
  errors: {
    ...SHARED_WORDS.en.errors,
    NOT_GGUF: 'This file is not a GGUF model.',
    NOT_KEPT: 'The browser keeps nothing here, so nothing was stored.',
    MISSING_PART: 'The model is in several files: choose all of them.',
  },
};

const ko = {
  heading: '모델',
  lead: '이 사이트가 이 기기에 보관하는 모델입니다. 삭제하기 전까지 남아 있으며 네트워크 없이도 쓸 수 있습니다.',
  roomTitle: '이 기기',
  room: (used, quota) => `브라우저가 허용한 ${quota} 가운데 ${used}를 쓰고 있습니다.`,
  roomUnknown: (used) =>
    `모델이 ${used}를 차지합니다. 이 브라우저는 남은 공간을 알려 주지 않습니다.`,
  roomBar: (models, other, quota) => `${quota} 중 모델 ${models}, 이 사이트의 다른 파일 ${other}`,
  embeddedNote:
    '이 사이트에 들어 있는 작은 선생님 모델은 사이트와 함께 보관되므로 이 목록에 없습니다.',
  places: { opfs: '이 사이트의 파일로 보관', indexeddb: '이 사이트의 데이터베이스에 보관' },
  added: (day) => `추가: ${day}`,
  imported: '파일에서 가져옴',
  thisSite: '이 사이트에서 받음',
  getTitle: '모델 받기',
  download: '내려받기',
  downloadOf: (name) => `${name} 내려받기`,
  size: (bytes) => `약 ${bytes}`,
  memory: (bytes) => `메모리 약 ${bytes}`,
  context: (tokens) => `한 번에 토큰 ${tokens}개까지`,
  licence: (name) => `라이선스 ${name}`,
  from: (host) => `${host}에서 받음`,
  isStored: '이미 저장됨',
  isPartly: '일부 저장됨: 위 목록에서 이어받으세요',
  tooLarge: '공간이 부족합니다. 이 사이트가 더 저장할 수 있는 크기:',
  othersTitle: '같은 계열의 다른 모델',
  othersNote:
    '파일 주소가 기록되어 있지 않거나 이 빌드에서 실행할 수 없는 모델입니다. 변환된 파일이 있다면 아래에 주소를 넣어 주세요.',
  states: {
    works: '실행 가능. GGUF 파일 주소를 넣어 주세요',
    'needs memory64': '이 빌드에는 너무 큼',
    planned: '아직 지원하지 않음',
  },
  addressLabel: '모델 주소 또는 이름',
  addressHint:
    'GGUF 파일이나 매니페스트의 URL, 또는 hf:소유자/저장소[/파일.gguf]. 열지 않고 저장만 합니다.',
  importTitle: '파일에서 가져오기',
  importNote:
    '디스크에 있는 GGUF 파일을 브라우저 저장 공간에 복사합니다. 그 뒤로는 이 사이트의 모든 페이지에서 쓸 수 있습니다. 여러 파일로 나뉜 모델은 모두 선택해 주세요.',
  chooseFile: 'GGUF 파일 선택…',
  againFile: (name) => `이어서 하려면 ${name} 파일을 다시 선택해 주세요.`,
  notKept: '이 브라우저는 여기에 아무것도 보관하지 않아 저장하지 못했습니다.',
  errors: {
    ...SHARED_WORDS.ko.errors,
    NOT_GGUF: 'GGUF 모델 파일이 아닙니다.',
    NOT_KEPT: '이 브라우저는 여기에 아무것도 보관하지 않아 저장하지 못했습니다.',
    MISSING_PART: '여러 파일로 나뉜 모델입니다. 모두 선택해 주세요.',
  },
};

export const WORDS = { en, ko };
