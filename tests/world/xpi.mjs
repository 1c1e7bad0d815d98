// The extension's folder as the one file that Firefox installs: a ZIP whose entries are stored, not compressed.
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {crc32} from 'node:zlib';

const LEFT_OUT = ['test', 'tools', 'README.md', 'tsconfig.json'];
const DAY = 0x5a21; // 1 January 2025; the time of day stays 0

/** @param {string} folder @param {string} file */
export function packXPI(folder, file) {
  const names = readdirSync(folder, {withFileTypes: true}).filter(({name}) => !LEFT_OUT.includes(name)).flatMap((entry) => (entry.isDirectory()
    ? readdirSync(join(folder, entry.name), {recursive: true, withFileTypes: true}).filter((inner) => inner.isFile())
      .map((inner) => join(inner.parentPath, inner.name).slice(folder.length + 1))
    : [entry.name]));
  const local = [];
  const central = [];
  let offset = 0;
  for (const name of names) {
    const content = readFileSync(join(folder, name));
    const label = Buffer.from(name);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50);
    head.writeUInt16LE(20, 4); // version that can read it
    head.writeUInt16LE(DAY, 12);
    head.writeUInt32LE(crc32(content), 14);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt32LE(content.length, 22);
    head.writeUInt16LE(label.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(20, 4);
    head.copy(entry, 6, 4, 30);
    entry.writeUInt32LE(offset, 42);
    local.push(head, label, content);
    central.push(entry, label);
    offset += head.length + label.length + content.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(names.length, 8);
  end.writeUInt16LE(names.length, 10);
  end.writeUInt32LE(Buffer.concat(central).length, 12);
  end.writeUInt32LE(offset, 16);
  writeFileSync(file, Buffer.concat([...local, ...central, end]));
}
