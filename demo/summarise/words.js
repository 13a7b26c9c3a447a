/* The page's words. Each language has every key. */
import { MODEL_WORDS } from '../site/model-words.js';
import { SHARED_WORDS } from '../site/words.js';

const en = {
  ...MODEL_WORDS.en,
  heading: 'Summarise',
  lead:
    'Paste a message thread or a document, or drop a file on this page. ' +
    'A language model reads it in this tab; nothing is sent anywhere.',
  sourceTitle: '1. The text',
  textLabel: 'Text to summarise',
  textPlaceholder: 'Paste or type here',
  chooseFile: 'Choose a file…',
  example: 'Show an example',
  remove: 'Remove the text',
  reading: (name) => `Reading ${name}…`,
  held: (name, characters) => `${name}, ${characters} characters`,
  pasted: 'Pasted text',
  about: {
    document: (characters) => `A document of ${characters} characters.`,
    thread: (characters, people) => `A message thread of ${characters} characters: ${people}.`,
  },
  people: (names, nMore) => (nMore > 0 ? `${names} and ${nMore} more` : names),
  wishesTitle: '2. The summary',
  length: 'Length',
  lengths: { line: 'one line', short: 'short', long: 'long' },
  kind: 'The text is',
  kinds: { document: 'a document', thread: 'a message thread' },
  summaryLanguage: 'Language of the summary',
  sameLanguage: 'as the text',
  aspectsTitle: 'And besides',
  aspects: { who: 'who said what', decisions: 'decisions', questions: 'open questions' },
  modelTitle: '3. The model',
  embeddedCannot:
    'The small tutor that comes with this site knows arithmetic only; it cannot summarise. ' +
    'A real model can. It is fetched once and kept on this device.',
  start: 'Summarise',
  stop: 'Stop',
  workTitle: 'Summary',
  workBar: 'How far it is',
  planning: (share) => `Reading the text: ${share} %`,
  stepPart: (index, of) => `Part ${index} of ${of}`,
  stepMerge: (index, of) => `Putting notes together: ${index} of ${of}`,
  stepFinal: 'Writing the summary',
  left: (time) => `about ${time} left`,
  tokens: (count) => `${count} tokens`,
  stopped: 'Stopped. What has been written is kept.',
  failed: 'It did not get to its end. What has been written is kept.',
  continue: 'Go on',
  done: 'The summary is ready.',
  nothing: 'The model wrote nothing. Another model may do better.',
  cutOff: 'The summary reached its longest length and was cut off.',
  took: (parts, time) => (parts === 1 ? `Took ${time}.` : `${parts} parts, took ${time}.`),
  mayErr: 'Models make mistakes: check what matters in the text itself.',
  notes: (count) => `Notes on the way (${count})`,
  copy: 'Copy',
  copied: 'Copied.',
  notCopied: 'The browser does not allow copying; select the text instead.',
  manyParts: (parts, tokens) =>
    `The text has ${tokens} tokens: the model would read it in ${parts} parts, which can take hours. Go on?`,
  goOn: 'Go on',
  errors: {
    ...SHARED_WORDS.en.errors,
    TEXT_LARGE: 'This file is too large: 16 MB at most.',
    TEXT_BINARY: 'This file is not text.',
    TEXT_EMPTY: 'This file is empty.',
    TEXT_UNREAD: 'This file could not be read.',
    CONTEXT_SMALL: 'The context of this model is too short to summarise with. Choose another one.',
  },
};

const ko = {
  ...MODEL_WORDS.ko,
  heading: '요약',
  lead: '대화나 문서를 붙여 넣거나 파일을 이 페이지에 끌어다 놓으세요. 언어 모델이 이 탭 안에서 읽으며, 아무것도 밖으로 보내지 않습니다.',
  sourceTitle: '1. 글',
  textLabel: '요약할 글',
  textPlaceholder: '여기에 붙여 넣거나 입력하세요',
  chooseFile: '파일 선택…',
  example: '예시 보기',
  remove: '글 지우기',
  reading: (name) => `${name} 읽는 중…`,
  held: (name, characters) => `${name}, ${characters}자`,
  pasted: '붙여 넣은 글',
  about: {
    document: (characters) => `문서, ${characters}자.`,
    thread: (characters, people) => `대화, ${characters}자. 참여자: ${people}.`,
  },
  people: (names, nMore) => (nMore > 0 ? `${names} 외 ${nMore}명` : names),
  wishesTitle: '2. 요약 방식',
  length: '길이',
  lengths: { line: '한 줄', short: '짧게', long: '길게' },
  kind: '글의 종류',
  kinds: { document: '문서', thread: '대화' },
  summaryLanguage: '요약 언어',
  sameLanguage: '글과 같은 언어',
  aspectsTitle: '함께 정리할 것',
  aspects: { who: '누가 무슨 말을 했는지', decisions: '결정된 것', questions: '답이 없는 질문' },
  modelTitle: '3. 모델',
  embeddedCannot:
    '이 사이트에 들어 있는 작은 선생님 모델은 산수만 할 줄 알아서 요약은 하지 못합니다. 요약하려면 더 큰 모델이 필요합니다. 한 번만 내려받으면 이 기기에 보관됩니다.',
  start: '요약하기',
  stop: '중지',
  workTitle: '요약',
  workBar: '진행 정도',
  planning: (share) => `글을 읽는 중: ${share}%`,
  stepPart: (index, of) => `${of}개 부분 중 ${index}번째`,
  stepMerge: (index, of) => `메모를 합치는 중: ${of}개 중 ${index}번째`,
  stepFinal: '요약을 쓰는 중',
  left: (time) => `약 ${time} 남음`,
  tokens: (count) => `토큰 ${count}개`,
  stopped: '중지했습니다. 지금까지 쓴 내용은 그대로 있습니다.',
  failed: '끝까지 가지 못했습니다. 지금까지 쓴 내용은 그대로 있습니다.',
  continue: '이어서 하기',
  done: '요약이 끝났습니다.',
  nothing: '모델이 아무것도 쓰지 않았습니다. 다른 모델을 써 보세요.',
  cutOff: '요약이 최대 길이에 이르러 잘렸습니다.',
  took: (parts, time) =>
    parts === 1 ? `${time} 걸렸습니다.` : `${parts}개 부분, ${time} 걸렸습니다.`,
  mayErr: '모델은 틀릴 수 있습니다. 중요한 내용은 원문에서 확인하세요.',
  notes: (count) => `중간 메모 (${count}개)`,
  copy: '복사',
  copied: '복사했습니다.',
  notCopied: '브라우저가 복사를 허용하지 않습니다. 글을 직접 선택해 복사하세요.',
  manyParts: (parts, tokens) =>
    `글이 토큰 ${tokens}개로, 모델이 ${parts}개 부분으로 나누어 읽어야 합니다. 몇 시간이 걸릴 수 있습니다. 계속할까요?`,
  goOn: '계속',
  errors: {
    ...SHARED_WORDS.ko.errors,
    TEXT_LARGE: '파일이 너무 큽니다. 16 MB까지 읽을 수 있습니다.',
    TEXT_BINARY: '글이 아닌 파일입니다.',
    TEXT_EMPTY: '빈 파일입니다.',
    TEXT_UNREAD: '파일을 읽지 못했습니다.',
    CONTEXT_SMALL: '이 모델은 문맥 길이가 짧아 요약할 수 없습니다. 다른 모델을 고르세요.',
  },
};

export const WORDS = { en, ko };

/** What "Show an example" puts in. */
export const EXAMPLES = {
  en: `[2024-05-02, 09:14] Mina: Morning! The flat for the July trip: the one in Gangneung or the one in Sokcho?
[2024-05-02, 09:16] Jun: Gangneung has three rooms, Sokcho only two. 240 a night against 190.
[2024-05-02, 09:17] Sora: I'd rather have my own room. Gangneung for me.
[2024-05-02, 09:21] Mina: Fine with me. That is 720 for three nights, so 240 each.
[2024-05-02, 09:22] Jun: OK, Gangneung. I'll book it tonight, please send me the money by Friday.
[2024-05-02, 09:30] Sora: Will do. Who takes the car? Mine is in the garage until the 10th.
[2024-05-02, 09:34] Mina: I can drive, but then somebody else has to do the shopping.
[2024-05-02, 09:35] Jun: I'll shop. Anybody who does not eat fish?
[2024-05-02, 09:58] Mina: And when do we leave, Friday evening or Saturday early?
[2024-05-02, 10:02] Sora: Let me ask at work first.`,
  ko: `[민아] [오전 9:14] 7월 여행 숙소, 강릉이랑 속초 중에 어디로 할까?
[준호] [오전 9:16] 강릉은 방이 세 개, 속초는 두 개야. 1박에 24만 원, 19만 원
[소라] [오전 9:17] 나는 방 따로 쓰고 싶어서 강릉이 좋아
[민아] [오전 9:21] 나도 괜찮아. 3박이면 72만 원이니까 한 사람에 24만 원이네
[준호] [오전 9:22] 그럼 강릉으로 하자. 오늘 밤에 내가 예약할게. 금요일까지 돈 보내 줘
[소라] [오전 9:30] 알겠어. 차는 누가 가져가? 내 차는 10일까지 정비소에 있어
[민아] [오전 9:34] 내가 운전할게. 대신 장은 다른 사람이 봐 줘
[준호] [오전 9:35] 장은 내가 볼게. 생선 못 먹는 사람 있어?
[민아] [오전 9:58] 그리고 출발은 금요일 저녁이야, 토요일 아침이야?
[소라] [오전 10:02] 회사에 먼저 물어보고 알려 줄게`,
};
