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

// receive sends scans to the receiver until the function that it gives is called. heard is told of each at once, while
// those before it are still being worked.
export function receive(receiver, heard) {
  const one = { receiver, heard };
  receivers.push(one);
  for (const [text, began] of early.splice(0)) hand(text, began);
  return () => receivers.splice(receivers.indexOf(one), 1);
}

// idle resolves when no scan is being worked.
export const idle = () => queue;

// scanned takes a whole scan, whatever it came by.
export function scanned(text) {
  if (!text) return;
  const began = performance.now();
  if (receivers.length) hand(text, began);
  else early.push([text, began]); // until a screen is there
}

function hand(text, began) {
  receivers.at(-1).heard?.(text, began);
  queue = queue.then(() => receivers.at(-1)?.receiver(text)).catch((error) => console.error(error));
}

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
  scanned(text);
  return true;
}

export function start() {
  const keeper = document.getElementById('keeper');

  window.addEventListener('keydown', (event) => {
    const now = event.timeStamp;
    if (!keys && isInserted) take(); // keys follow what was put in at once
    if (now - last > burst && keys && !(event.key === 'Enter' && now - last < 4 * burst)) keys = '';
    last = now;
    if (event.key === 'Enter' || event.key === 'Tab') {
      if (finish(event) && isTyping()) {
        // The scan went into a field that a person was writing in: take it out again.
        const field = document.activeElement;
        if (field.dataset.before !== undefined) field.value = field.dataset.before;
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
    if (!isTyping() && event.target !== keeper && event.target.tagName === 'BUTTON' && event.key === ' ' && keys.length > 1) event.preventDefault();
  }, true);

  // DataWedge: the text comes without keys.
  keeper.addEventListener('input', (event) => {
    if (keys) { // the keys bring it as well
      keeper.value = '';
      return;
    }
    clearTimeout(timer);
    isInserted = true;
    if (/[\r\n\t]$/.test(keeper.value) || event.inputType === 'insertLineBreak') return take();
    timer = setTimeout(take, burst);
  });
  keeper.addEventListener('keyup', () => { if (!keys && !isInserted) keeper.value = ''; });
  function take() {
    clearTimeout(timer);
    isInserted = false;
    const text = keeper.value.replace(/[\r\n\t]+$/, '');
    keeper.value = '';
    if (text.length >= shortest) scanned(text);
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
window.addEventListener('keydown', (event) => {
  if (isTyping()) return;
  clearTimeout(lone);
  const count = keys.length;
  if (count > 1) return;
  const key = event.key;
  if (key === 'Enter' && event.target.tagName === 'BUTTON') return; // it presses the button
  if (key === 'Enter') event.preventDefault();
  lone = setTimeout(() => { if (keys.length <= 1) for (const listener of keyListeners) listener(key); }, burst + 20);
});
