/* Words of the pages that look at pictures. Each language has every key. */
import { MODEL_WORDS } from './model-words.js';
import { SHARED_WORDS } from './words.js';

const en = {
  ...MODEL_WORDS.en,
  embeddedAbout: (bytes) =>
    `comes with this site${bytes && `, ${bytes}`}: reads sums and numbers, names and counts simple shapes and ` +
    'colours, nothing else',
  modelOf: (name) => `Model: ${name}`,
  bigModel:
    'For photos, papers and real questions take Phi-3.5-vision: a file of yours, or an address. It is a file that ' +
    '“phi convert” makes of Microsoft’s own weights.',
  stop: 'Stop',
  errors: {
    ...SHARED_WORDS.en.errors,
    PHI_ECONTEXT:
      'Pictures and text are longer than the model’s context. Look less closely, remove pictures, or begin anew.',
    VISION_NONE:
      'This model reads text only. Choose one that sees: the small one of this site, or Phi-3.5-vision.',
    PICTURE_UNREAD: 'This is not a picture that can be read. JPEG, PNG, WebP, GIF and BMP can.',
    PICTURE_LARGE: ({ megabytes, megapixels }) =>
      `This picture is too large: ${megabytes} MB and ${megapixels} million pixels at most.`,
    PICTURE_REFUSED:
      'The model cannot look at this picture: it is empty, or longer than can be read.',
    CAMERA_DENIED:
      'The browser does not give the camera to this page. Allow it beside the address, then try again.',
    CAMERA_NONE: 'There is no camera on this device.',
    CAMERA_BUSY:
      'The camera does not start. Another program may hold it: close that, then try again.',
    CAMERA_INSECURE: 'Cameras are for secure pages only: open this page over https.',
  },
};

const ko = {
  ...MODEL_WORDS.ko,
  embeddedAbout: (bytes) =>
    `이 사이트에 포함${bytes && `, ${bytes}`}. 덧셈 같은 식과 숫자를 읽고, 간단한 도형과 색을 말하고 셉니다. 그 밖의 것은 모릅니다`,
  modelOf: (name) => `모델: ${name}`,
  bigModel:
    '사진이나 문서, 진짜 질문에는 Phi-3.5-vision이 필요합니다. 내 파일이나 주소로 불러오세요. Microsoft의 원본 가중치를 ‘phi convert’로 ' +
    '바꾼 파일이면 됩니다.',
  stop: '중지',
  errors: {
    ...SHARED_WORDS.ko.errors,
    PHI_ECONTEXT:
      '그림과 글이 모델의 문맥 길이를 넘었습니다. 덜 자세히 보거나, 그림을 빼거나, 새로 시작하세요.',
    VISION_NONE:
      '글만 읽는 모델입니다. 그림을 볼 수 있는 모델을 고르세요. 이 사이트의 작은 모델이나 Phi-3.5-vision이 있습니다.',
    PICTURE_UNREAD:
      '그림으로 읽을 수 없는 파일입니다. JPEG, PNG, WebP, GIF, BMP를 읽을 수 있습니다.',
    PICTURE_LARGE: ({ megabytes, megapixels }) =>
      `그림이 너무 큽니다. ${megabytes} MB, ${megapixels * 100}만 픽셀까지 읽을 수 있습니다.`,
    PICTURE_REFUSED: '모델이 볼 수 없는 그림입니다. 비어 있거나 읽을 수 있는 것보다 깁니다.',
    CAMERA_DENIED:
      '브라우저가 이 페이지에 카메라를 허용하지 않습니다. 주소 옆에서 허용한 뒤 다시 해 보세요.',
    CAMERA_NONE: '이 기기에는 카메라가 없습니다.',
    CAMERA_BUSY:
      '카메라가 켜지지 않습니다. 다른 프로그램이 쓰고 있을 수 있으니 닫고 다시 해 보세요.',
    CAMERA_INSECURE: '카메라는 안전한 페이지에서만 쓸 수 있습니다. https로 열어 주세요.',
  },
};

export const VISION_WORDS = { en, ko };
