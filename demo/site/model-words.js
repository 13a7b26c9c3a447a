/* Words of the choice of a model (model-choice.js). Each language has every key; a page adds `embeddedAbout` where it
 * offers a model of the site. */

const en = {
  storedModel: (bytes) => `on this device, ${bytes}; needs no network`,
  partModel: (bytes, total) => `${bytes} of ${total} on this device; the rest is fetched`,
  knownModel: (bytes) => `about ${bytes} to fetch, once`,
  needsMemory: (bytes) => `needs about ${bytes} of memory`,
  littleMemory: (bytes) => `This device has about ${bytes} of memory: it may be too little.`,
  unknownSize: 'an unknown size',
  givenModel: 'of the address of this page',
  ownFile: 'A GGUF file of yours…',
  ownFileChosen: (name) => `Your file: ${name}`,
  ownFileAbout: 'is read from your disk, and not kept',
  address: 'A model by its address',
  addressAbout: 'is fetched once, and kept on this device',
  addressLabel: 'Address of the model: https://…, hf:owner/repository[/file.gguf]',
  loadedModel: (name) => `${name} is loaded.`,
  notKept: 'It is not kept on this device:',
};

const ko = {
  storedModel: (bytes) => `이 기기에 있음, ${bytes}. 네트워크가 필요 없습니다`,
  partModel: (bytes, total) => `${total} 중 ${bytes}가 이 기기에 있음. 나머지를 내려받습니다`,
  knownModel: (bytes) => `약 ${bytes}를 한 번 내려받습니다`,
  needsMemory: (bytes) => `메모리 약 ${bytes} 필요`,
  littleMemory: (bytes) => `이 기기의 메모리는 약 ${bytes}로, 부족할 수 있습니다.`,
  unknownSize: '알 수 없는 크기',
  givenModel: '이 페이지 주소에 적힌 모델',
  ownFile: '내 GGUF 파일…',
  ownFileChosen: (name) => `내 파일: ${name}`,
  ownFileAbout: '디스크에서 읽으며 따로 보관하지 않습니다',
  address: '주소로 모델 불러오기',
  addressAbout: '한 번 내려받아 이 기기에 보관합니다',
  addressLabel: '모델 주소: https://…, hf:소유자/저장소[/파일.gguf]',
  loadedModel: (name) => `${name}을(를) 불러왔습니다.`,
  notKept: '이 기기에 보관하지는 못했습니다.',
};

export const MODEL_WORDS = { en, ko };
