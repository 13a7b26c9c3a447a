/* The page's words. Each language has every key. */

const en = {
  heading: 'Bench',
  lead: 'How fast this browser computes on this device: the kernels alone, then a whole model.',
  hereTitle: 'This browser',
  facts: {
    browser: 'Browser',
    cores: 'Logical processors',
    threads: 'Threads',
    build: 'Build',
    kernel: 'Kernels',
    gemv: 'Weights read while decoding',
    gemm: 'Computing while reading a prompt',
  },
  gigabytes: (value) => `${value} GB/s`,
  gigaops: (value) => `${value} GOP/s`,
  range: (value, low, high) => `${value} (${low} to ${high})`,
  runTitle: 'Measure',
  model: 'Model',
  embedded: (name) => `${name}, comes with this site`,
  storedModel: (name, bytes) => `${name}, ${bytes}, on this device`,
  kernelsOnly: 'none: the kernels only',
  rounds: 'Rounds',
  method:
    'A round reads a new prompt of 128 tokens and then decodes tokens one by one: 16 with a large model, 64 with ' +
    'a small one. The first round warms up and does not count; of the others the median is taken. Each number of ' +
    'threads gets an engine of its own.',
  disturb:
    'Other tabs and programs use the same processor. While it runs, leave this tab in front and the machine alone.',
  start: 'Measure',
  progressLabel: 'How far it is',
  steps: {
    kernels: (round, rounds) =>
      round === 0 ? 'Kernels: warming up' : `Kernels: round ${round} of ${rounds}`,
    load: (threads) => `Loading the model for ${threads}`,
    model: (threads, round, rounds) =>
      round === 0 ? `${threads}: warming up` : `${threads}: round ${round} of ${rounds}`,
  },
  threadCount: (n) => (n === 1 ? '1 thread' : `${n} threads`),
  hiddenNow:
    'This page was hidden while it measured. Browsers slow hidden pages down: rounds of that time are taken again.',
  hiddenResult: 'Some figures were taken while the page was hidden and are too low.',
  restless: (percent) =>
    `The rounds differ by up to ${percent} %: something else was using the processor. ` +
    'Leave the machine alone and measure again.',
  canceled: 'Cancelled. Nothing is kept of this run.',
  done: 'Done.',
  resultsTitle: 'Results',
  resultOf: (name, prompt, decoded) =>
    `${name}: a prompt of ${prompt} tokens, ${decoded} tokens decoded`,
  columns: {
    threads: 'Threads',
    prefill: 'Prompt, tokens/s',
    decode: 'Decoding, tokens/s',
    spread: 'Spread',
    machine: 'Machine',
    model: 'Model',
    system: 'System',
    browser: 'Browser',
    date: 'Date',
    kind: 'How',
  },
  prefillTitle: 'Reading a prompt',
  decodeTitle: 'Decoding',
  axis: 'tokens a second',
  copy: 'Copy as JSON',
  copied: 'Copied.',
  notCopied: 'The browser does not allow copying; the text is below.',
  asJson: 'The result as JSON',
  machinesTitle: 'Beside recorded machines',
  machinesNote:
    'Phi-3-mini, the full size. Unless you measure that model here, this device is shown by what its kernels promise.',
  machinesSource:
    'Recorded by “npm run bench -- --record” of the project; the table has the other systems of the same runs too.',
  kinds: {
    recorded: 'recorded',
    measured: 'measured here',
    estimate: 'estimated here, from the kernels',
  },
  thisDevice: 'this device',
  machine: (cpu, cores) => `${cpu}, ${cores} cores`,
  noPlot: 'The drawing could not be loaded; the table has the same figures.',
};

const ko = {
  heading: '성능 측정',
  lead: '이 기기에서 이 브라우저가 얼마나 빨리 계산하는지 잽니다. 먼저 커널만, 다음으로 모델 전체를 측정합니다.',
  hereTitle: '이 브라우저',
  facts: {
    browser: '브라우저',
    cores: '논리 프로세서',
    threads: '스레드',
    build: '빌드',
    kernel: '커널',
    gemv: '생성할 때 읽는 가중치',
    gemm: '프롬프트를 읽을 때의 계산',
  },
  gigabytes: (value) => `${value} GB/s`,
  gigaops: (value) => `${value} GOP/s`,
  range: (value, low, high) => `${value} (${low}~${high})`,
  runTitle: '측정',
  model: '모델',
  embedded: (name) => `${name}, 이 사이트에 포함`,
  storedModel: (name, bytes) => `${name}, ${bytes}, 이 기기에 저장됨`,
  kernelsOnly: '없음: 커널만',
  rounds: '반복 횟수',
  method:
    '한 번에 새 프롬프트 128토큰을 읽고 토큰을 하나씩 생성합니다. 큰 모델은 16개, 작은 모델은 64개입니다. ' +
    '첫 번째는 준비로 보고 세지 않으며 나머지의 중앙값을 씁니다. 스레드 수마다 엔진을 새로 만듭니다.',
  disturb:
    '다른 탭과 프로그램도 같은 프로세서를 씁니다. 측정하는 동안 이 탭을 앞에 두고 다른 작업은 쉬어 주세요.',
  start: '측정하기',
  progressLabel: '진행 정도',
  steps: {
    kernels: (round, rounds) =>
      round === 0 ? '커널: 준비 중' : `커널: ${rounds}번 중 ${round}번째`,
    load: (threads) => `${threads}로 모델을 불러오는 중`,
    model: (threads, round, rounds) =>
      round === 0 ? `${threads}: 준비 중` : `${threads}: ${rounds}번 중 ${round}번째`,
  },
  threadCount: (n) => `스레드 ${n}개`,
  hiddenNow:
    '측정하는 동안 이 페이지가 가려졌습니다. 브라우저는 가려진 페이지를 느리게 하므로 그동안의 측정은 다시 합니다.',
  hiddenResult: '페이지가 가려진 동안 잰 값이 있어 실제보다 낮습니다.',
  restless: (percent) =>
    `측정값이 최대 ${percent}% 차이 납니다. 다른 작업이 프로세서를 쓰고 있었습니다. 기기를 쉬게 두고 다시 측정해 주세요.`,
  canceled: '취소했습니다. 이번 측정은 남기지 않습니다.',
  done: '끝났습니다.',
  resultsTitle: '결과',
  resultOf: (name, prompt, decoded) => `${name}: 프롬프트 ${prompt}토큰, 생성 ${decoded}토큰`,
  columns: {
    threads: '스레드',
    prefill: '프롬프트, 초당 토큰',
    decode: '생성, 초당 토큰',
    spread: '편차',
    machine: '기기',
    model: '모델',
    system: '시스템',
    browser: '브라우저',
    date: '날짜',
    kind: '방법',
  },
  prefillTitle: '프롬프트 읽기',
  decodeTitle: '생성',
  axis: '초당 토큰',
  copy: 'JSON으로 복사',
  copied: '복사했습니다.',
  notCopied: '브라우저가 복사를 허용하지 않습니다. 아래 글을 직접 복사하세요.',
  asJson: '결과 JSON',
  machinesTitle: '기록된 기기와 비교',
  machinesNote:
    '전체 크기의 Phi-3-mini입니다. 이 모델을 여기서 직접 재지 않으면, 이 기기는 커널 속도로 어림한 값으로 나타냅니다.',
  machinesSource:
    '프로젝트의 “npm run bench -- --record”로 기록한 값입니다. 표에는 같은 실행의 다른 시스템도 있습니다.',
  kinds: {
    recorded: '기록',
    measured: '여기서 측정',
    estimate: '여기서 커널로 추정',
  },
  thisDevice: '이 기기',
  machine: (cpu, cores) => `${cpu}, 코어 ${cores}개`,
  noPlot: '그림을 불러오지 못했습니다. 표에 같은 값이 있습니다.',
};

export const WORDS = { en, ko };
