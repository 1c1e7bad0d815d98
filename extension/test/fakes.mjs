// Stand-ins for what the browser gives: ports, storage, a window.

export class Event_ {
  listeners = [];
  addListener = (listener) => { this.listeners.push(listener); };
  fire = (...values) => this.listeners.map((listener) => listener(...values));
}

/** Our end of a port; the test is the other end. */
export class FakePort {
  sent = [];
  disconnected = false;
  onMessage = new Event_();
  onDisconnect = new Event_();
  constructor(more = {}) { Object.assign(this, more); }
  postMessage(message) {
    if (this.disconnected) throw new Error('Attempting to use a disconnected port object');
    this.sent.push(structuredClone(message));
    this.onSent?.(message);
  }
  disconnect() { this.disconnected = true; }
  receive(message) { this.onMessage.fire(message); }
  end() { this.disconnected = true; this.onDisconnect.fire(this); }
  last() { return this.sent.at(-1); }
}

export function fakeArea(content = {}) {
  return {
    content,
    async get(key) { return key in content ? {[key]: structuredClone(content[key])} : {}; },
    async set(change) { Object.assign(content, structuredClone(change)); },
  };
}

/** Lets everything that waits for promises alone go on. */
export async function settle() {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

export const helloResult = {
  protocol: 1, host: {name: 'tw.cardbridge.host', version: '0.1.0', os: 'linux', arch: 'amd64', build: 'release'}, maxMessageBytes: 1048576,
};
export const statusResult = {host: {version: '0.1.0', protocol: 1}, allowed: true, operations: ['authenticate'], pinFromPage: false};
export const tokenResult = {
  unverifiedCertificate: 'MIIB', algorithm: 'ES256', signature: 'QUJD', format: 'web-eid:1.0', appVersion: 'https://cardbridge.tw/0.1.0',
};
