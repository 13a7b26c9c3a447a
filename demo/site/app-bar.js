/* The site as an app, in the frame: "works without a network", "a new version is ready", "install". Elements only; the
 * frame puts them where they belong and fills in their words. */
import { Offline } from './offline.js';
import { button, element } from './text.js';

export class AppBar {
  /** The bar that tells of a new version: empty until there is one, so that screen readers hear it come. */
  notice = element('div', 'notice-bar');
  noticeParts = [element('p'), element('div', 'row')];
  /** Says when the site can be used without a network; <html data-offline="ready"> says the same. */
  ready = element('span', 'offline-ready');
  install = button('install', 'install', () => void this.#install());
  #offline = new Offline({
    onReady: () => {
      document.documentElement.dataset.offline = 'ready';
      this.ready.hidden = false;
    },
    onUpdate: () => this.notice.replaceChildren(...this.noticeParts),
  });
  /** What the browser offered: it asks the user when prompt() is called. */
  #offer;

  constructor() {
    const [text, actions] = this.noticeParts;
    text.dataset.text = 'updateReady';
    actions.append(
      button('update', 'primary', ({ currentTarget }) => {
        currentTarget.disabled = true;
        this.#offline.update();
      }),
      button('later', '', () => this.notice.replaceChildren()),
    );
    this.notice.setAttribute('role', 'status');
    this.ready.dataset.text = 'offlineReady';
    for (const part of [this.ready, this.install]) part.hidden = true;
  }

  begin() {
    addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#offer = event;
      this.install.hidden = false;
    });
    addEventListener('appinstalled', () => {
      this.install.hidden = true;
    });
    void this.#offline.begin();
  }

  async #install() {
    const offer = this.#offer;
    this.install.hidden = true;
    await offer?.prompt();
  }
}
