/* Debian packages without touching the system: apt with a private state, and dpkg -x.
 *
 * The mirror is the machine's own (from its apt sources, one-line `.list` or deb822 `.sources`), so that whatever
 * serves this machine its packages serves these too; no host name is written here. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, SetupError, which } from './report.mjs';

const APT_FOLDER = '/etc/apt';

export function isRoot() {
  return process.getuid?.() === 0;
}

export function hasApt() {
  return which('apt-get') !== undefined && which('dpkg') !== undefined;
}

function parseOneLineSources(text) {
  const sources = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(
      line.replace(/#.*$/, ''),
    );
    if (match) {
      const [, options = '', uri, suite, components] = match;
      sources.push({
        options: options.trim(),
        uri,
        suites: [suite],
        components: components.trim().split(/\s+/),
      });
    }
  }
  return sources;
}

/** Fields of one deb822 stanza, keys in lower case; continuation lines (an inline key, say) are kept joined. */
function parseStanza(stanza) {
  const fields = new Map();
  let last;
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
    if (match) {
      last = match[1].toLowerCase();
      fields.set(last, match[2].trim());
    } else if (last && /^\s/.test(line)) {
      fields.set(last, `${fields.get(last)}\n${line.trim()}`);
    }
  }
  return fields;
}

function parseDeb822Sources(text) {
  const sources = [];
  for (const stanza of text.split(/\n\s*\n/)) {
    const fields = parseStanza(stanza);
    const words = (key) => (fields.get(key) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || fields.get('enabled') === 'no') continue;
    const signedBy = fields.get('signed-by') ?? '';
    const options = [];
    if (/^\S+$/.test(signedBy)) options.push(`signed-by=${signedBy}`);
    if (fields.get('trusted') === 'yes') options.push('trusted=yes');
    for (const uri of words('uris')) {
      sources.push({
        options: options.join(' '),
        uri,
        suites: words('suites'),
        components: words('components'),
      });
    }
  }
  return sources;
}

/** The machine's binary package sources: [{options, uri, suites, components}]. */
export function readAptSources(folder = APT_FOLDER) {
  const sources = [];
  const parts = join(folder, 'sources.list.d');
  const files = [join(folder, 'sources.list')];
  if (existsSync(parts))
    files.push(
      ...readdirSync(parts)
        .sort()
        .map((name) => join(parts, name)),
    );
  for (const file of files) {
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.list')) sources.push(...parseOneLineSources(text));
    if (file.endsWith('.sources')) sources.push(...parseDeb822Sources(text));
  }
  return sources;
}

function debianCodename() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const id = /^ID=(.*)$/m.exec(release)?.[1]?.replaceAll('"', '');
  return { id, codename: /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1]?.replaceAll('"', '') };
}

/** A one-line source for another suite of the mirror that serves this machine's own Debian release. */
export function sourceLineForSuite(suite) {
  const { id, codename } = debianCodename();
  const own = new Set([codename, 'stable', 'oldstable', 'testing', 'unstable', 'sid']);
  const source = readAptSources().find(
    (s) => s.components.includes('main') && s.suites.some((name) => own.has(name)),
  );
  if (id !== 'debian' || !source) {
    throw new SetupError(`no Debian mirror in ${APT_FOLDER} (this system is "${id ?? 'unknown'}")`);
  }
  return `deb ${source.options ? `[${source.options}] ` : ''}${source.uri} ${suite} main\n`;
}

/** The machine's list of installed packages without some, and without what only they need. */
function statusWithout(packages) {
  const text = run('apt-get', ['-s', 'remove', '--auto-remove', ...packages]);
  const removed = new Set([...text.matchAll(/^Remv (\S+)/gm)].map(([, name]) => name));
  const isKept = (stanza) => !removed.has(/^Package: (.*)$/m.exec(stanza)?.[1]);
  return readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n').filter(isKept).join('\n\n');
}

/** Options for apt-get with its state inside `folder`. With `sourceLine`, only that source, as if nothing were
 *  installed; else the machine's sources and its list of installed packages, less those of `without`. */
export function privateAptOptions(folder, { sourceLine, without = [] } = {}) {
  const lists = join(folder, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  const settings = {
    'Dir::State::lists': lists,
    'Dir::Cache': join(folder, 'cache'),
    'Debug::NoLocking': 'true',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'APT::Get::Assume-Yes': 'true',
  };
  if (isRoot()) settings['APT::Sandbox::User'] = 'root';
  if (without.length > 0) {
    writeFileSync(join(folder, 'status'), statusWithout(without));
    settings['Dir::State::status'] = join(folder, 'status');
  }
  if (sourceLine) {
    writeFileSync(join(folder, 'sources.list'), sourceLine);
    writeFileSync(join(folder, 'status'), '');
    settings['Dir::State::status'] = join(folder, 'status');
    settings['Dir::Etc::sourcelist'] = join(folder, 'sources.list');
    settings['Dir::Etc::sourceparts'] = '/dev/null';
    settings['Dir::Etc::preferences'] = '/dev/null';
    settings['Dir::Etc::preferencesparts'] = '/dev/null';
    settings['APT::Default-Release'] = '';
    settings['APT::Update::Error-Mode'] = 'any';
  }
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/** What `apt-get install` of these packages would add: [{name, version}] . */
export function simulateInstall(options, packages, log) {
  const text = run(
    'apt-get',
    [...options, '-s', 'install', '--no-install-recommends', ...packages],
    { log },
  );
  return [...text.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+)/gm)].map(([, name, version]) => ({
    name,
    version,
  }));
}

/** Downloads packages into `folder`; returns the files and their total size. */
export function downloadPackages(options, packages, folder, log) {
  mkdirSync(folder, { recursive: true });
  run('apt-get', [...options, 'download', ...packages], { log, cwd: folder });
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(folder, name));
  return { files, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}

export function unpackPackages(files, prefix, log) {
  mkdirSync(prefix, { recursive: true });
  for (const file of files) run('dpkg', ['-x', file, prefix], { log });
}
