// Calls before anybody has touched the page.
import {authenticate, certificates, status} from '/sdk/cardbridge.js';

const code = (promise) => promise.then(() => 'answered', (error) => error.code);
window.outcome = await Promise.all([code(status()), code(certificates()), code(authenticate('once-'.padEnd(44, 'x')))]);
