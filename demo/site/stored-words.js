/* Words of the list of stored models. Each language has every key. */

const en = {
  title: 'Stored on this device',
  none: 'Nothing is stored yet.',
  actions: {
    load: 'Load',
    resume: 'Continue',
    check: 'Check',
    cancel: 'Cancel',
    delete: 'Delete',
  },
  of: (action, name) => `${action}: ${name}`,
  complete: (bytes) => `${bytes}, complete`,
  partial: (bytes, total) => (total ? `${bytes} of ${total}` : `${bytes}, incomplete`),
  damaged: 'damaged entry',
  used: (day) => `used ${day}`,
  checkedOn: (day) => `checked ${day}`,
  checking: (name) => `Checking ${name}…`,
  checkBar: 'Checking…',
  good: 'all of it is as it should be.',
  goodSoFar: 'what is there is as it should be.',
  bad: (bytes) => `${bytes} were damaged and are gone; “Continue” fetches them again.`,
  deleted: (name) => `Deleted: ${name}.`,
  confirmDelete: (name, bytes) => `Delete ${name} (${bytes}) from this device?`,
  room: (bytes, quota) =>
    quota ? `Models take ${bytes}; this site may store ${quota}.` : `Models take ${bytes}.`,
  kept: {
    true: 'The browser keeps them even when the disk gets full.',
    false: 'The browser may delete them when the disk gets full.',
  },
  persist: 'Ask the browser to keep them',
  declined: 'The browser declined. It may agree once this site is used more, or bookmarked.',
};

const ko = {
  title: '이 기기에 저장된 모델',
  none: '아직 저장된 모델이 없습니다.',
  actions: {
    load: '불러오기',
    resume: '이어받기',
    check: '검사',
    cancel: '취소',
    delete: '삭제',
  },
  of: (action, name) => `${action}: ${name}`,
  complete: (bytes) => `${bytes}, 전체 저장됨`,
  partial: (bytes, total) => (total ? `${total} 중 ${bytes}` : `${bytes}, 일부만 저장됨`),
  damaged: '손상된 항목',
  used: (day) => `사용: ${day}`,
  checkedOn: (day) => `검사: ${day}`,
  checking: (name) => `${name} 검사 중…`,
  checkBar: '검사하는 중…',
  good: '모두 정상입니다.',
  goodSoFar: '저장된 부분은 정상입니다.',
  bad: (bytes) => `${bytes}가 손상되어 지웠습니다. ‘이어받기’를 누르면 다시 받습니다.`,
  deleted: (name) => `삭제함: ${name}`,
  confirmDelete: (name, bytes) => `${name}(${bytes})을(를) 이 기기에서 삭제할까요?`,
  room: (bytes, quota) =>
    quota
      ? `모델이 차지하는 공간: ${bytes}. 이 사이트의 한도: ${quota}.`
      : `모델이 차지하는 공간: ${bytes}.`,
  kept: {
    true: '디스크가 가득 차도 브라우저가 지우지 않습니다.',
    false: '디스크가 가득 차면 브라우저가 지울 수 있습니다.',
  },
  persist: '지우지 않도록 브라우저에 요청',
  declined: '브라우저가 거절했습니다. 이 사이트를 더 자주 쓰거나 북마크하면 받아들일 수 있습니다.',
};

export const STORED_WORDS = { en, ko };
