/* The front page. */
import { mountFrame } from './site/frame.js';

const WORDS = {
  en: {
    heading: 'A language model in this tab',
    what: 'PocketPhi runs the Phi-3 family of language models inside the browser.',
  },
  ko: {
    heading: '이 탭 안의 언어 모델',
    what: 'PocketPhi는 Phi-3 계열 언어 모델을 브라우저 안에서 실행합니다.',
  },
};

mountFrame({ words: WORDS });
