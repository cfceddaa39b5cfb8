// What scanners send. A scanner types: either real keys (keyboard wedge), which come in a burst, or text that is put
// into the focused field at once (Android DataWedge), for which a field that nobody sees keeps the focus.
// Scans go to the newest receiver, one after the other: none is lost because the one before is still being worked.
const burst = 60; // milliseconds between two keys of a scanner at most
const shortest = 3;
const receivers = [];
const early = [];
let queue = Promise.resolve();

let keys = '';
let last = 0;
let timer;
let isInserted = false; // the field holds text that came without keys
let inserted = 0; // when
let ended = -Infinity; // when such a text was taken

// receive sends scans to the receiver until the function that it gives is called. heard is told of each at once, while
// those before it are still being worked.
export function receive(receiver, heard) {
  const one = { receiver, heard };
  receivers.push(one);
  for (const scan of early.splice(0)) hand(...scan);
  return () => receivers.splice(receivers.indexOf(one), 1);
}

// carried is a scan that another screen answers.
export const carried = { text: '' };

// idle resolves when no scan is being worked.
export const idle = () => queue;

// scanned takes a whole scan, whatever it came by. at is when the scanner sent it, which a busy page hears of later.
export function scanned(text, at = performance.now()) {
  if (!text) return;
  const scan = [text, at, performance.now()];
  if (receivers.length) hand(...scan);
  else early.push(scan); // until a screen is there
}

function hand(text, at, began) {
  const said = receivers.at(-1).heard?.(text, began);
  const shown = frame();
  queue = queue.then(() => shown).then(() => receivers.at(-1)?.receiver(text, said, at)).catch((error) => console.error(error));
}

// frame resolves when what was said is on the screen: work that comes first would be waited for by eyes. A page that
// nobody sees draws none.
const frame = () => new Promise((resolve) => {
  setTimeout(resolve, 50);
  requestAnimationFrame(() => setTimeout(resolve));
});

const isTyping = () => {
  const field = document.activeElement;
  return field && field.id !== 'keeper' && (field.tagName === 'INPUT' || field.tagName === 'TEXTAREA');
};

function finish(event) {
  const text = keys;
  keys = '';
  if (text.length < shortest) return false;
  event?.preventDefault();
  event?.stopPropagation();
  scanned(text, event?.timeStamp);
  return true;
}

export function start() {
  const keeper = document.getElementById('keeper');

  window.addEventListener('keydown', (event) => {
    const now = event.timeStamp;
    if (now - last > burst && keys && !(event.key === 'Enter' && now - last < 4 * burst)) keys = '';
    const isEnd = event.key === 'Enter' || event.key === 'Tab';
    if (!keys && isInserted) take(); // keys follow what was put in at once
    if (isEnd && !keys && now - ended < 5 * burst) { // it belongs to that, and is nobody's Enter
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    last = now;
    if (isEnd) {
      if (finish(event) && isTyping()) {
        // The scan went into a field that a person was writing in: take it out again.
        const field = document.activeElement;
        if (field.dataset.before !== undefined) {
          field.value = field.dataset.before;
          field.dispatchEvent(new Event('input', { bubbles: true }));
        }
      }
      return;
    }
    // FNC1 comes as group separator: Ctrl-] from most scanners.
    if (event.ctrlKey && (event.key === ']' || event.key === '\x1d')) {
      keys += '\x1d';
      event.preventDefault();
      return;
    }
    if (event.key === '\x1d' || event.key === 'GroupSeparator') {
      keys += '\x1d';
      return;
    }
    if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!keys && isTyping()) document.activeElement.dataset.before = document.activeElement.value;
    keys += event.key;
    // Nothing is written by the keys of a scanner, nor pressed: letters that nobody sees cost the time of the screen.
    if (event.target === keeper || (event.key === ' ' && event.target.tagName === 'BUTTON' && keys.length > 1)) event.preventDefault();
  }, true);

  // DataWedge: the text comes without keys.
  keeper.addEventListener('input', (event) => {
    if (keys && event.timeStamp - last < burst) { // the keys bring it as well
      keeper.value = '';
      return;
    }
    clearTimeout(timer);
    isInserted = true;
    inserted = event.timeStamp;
    if (/[\r\n\t]$/.test(keeper.value) || event.inputType === 'insertLineBreak') return take();
    timer = setTimeout(take, burst);
  });

  // The same while a person writes in another field: what comes at once was not written.
  const isPut = (event) => event.target !== keeper && event.inputType === 'insertText' && !event.isComposing && event.data?.length >= shortest;
  document.addEventListener('beforeinput', (event) => { if (isPut(event)) event.target.dataset.before = event.target.value; }, true);
  document.addEventListener('input', (event) => {
    const field = event.target;
    if (!isPut(event) || field.dataset.before === undefined) return;
    event.stopPropagation();
    field.value = field.dataset.before;
    clearTimeout(timer);
    isInserted = true;
    inserted = event.timeStamp;
    keeper.value += event.data;
    timer = setTimeout(take, burst);
  }, true);
  keeper.addEventListener('keyup', () => { if (!keys && !isInserted) keeper.value = ''; });
  function take() {
    clearTimeout(timer);
    isInserted = false;
    ended = performance.now();
    const text = keeper.value.replace(/[\r\n\t]+$/, '');
    keeper.value = '';
    if (text.length >= shortest) scanned(text, inserted);
  }

  // The field keeps the focus unless somebody writes in another one.
  const hold = () => {
    if (!isTyping() && !document.querySelector('dialog[open]')) keeper.focus({ preventScroll: true });
  };
  window.addEventListener('focus', hold);
  document.addEventListener('pointerup', () => setTimeout(hold, 0));
  document.addEventListener('focusout', () => setTimeout(hold, 0));
  hold();
}

// onKey gives single keys that a person pressed, not those of a scan.
const keyListeners = new Set();
export function onKey(listener) {
  keyListeners.add(listener);
  return () => keyListeners.delete(listener);
}

let lone;
let waiting = []; // until it is known that they begin no scan
window.addEventListener('keydown', (event) => {
  if (isTyping()) return;
  const { key } = event;
  if (key === 'Enter' && event.target.tagName === 'BUTTON') return; // it presses the button
  if (key === 'Enter') event.preventDefault();
  clearTimeout(lone);
  if (keys.length >= shortest) waiting = [];
  else {
    if (keys.length === 1) press(); // those before it came from a hand
    waiting.push(key);
    if (key.length > 1) press();
    else lone = setTimeout(press, burst + 20);
  }
});

function press() {
  for (const key of waiting.splice(0)) for (const listener of keyListeners) listener(key);
}
