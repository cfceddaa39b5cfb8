// How this operator wants the screens: hand, contrast, sound. Kept per operator on this device.
import { get, put } from './db.js';
import { mute } from './sound.js';
import { tell } from './signal.js';

const standard = { hand: 'right', contrast: 'auto', sound: true };
let settings = standard;
let owner = '';

export async function load(operator) {
  owner = operator ?? '';
  settings = { ...standard, ...await get('settings'), ...await get('settings:' + owner) };
  apply();
}

export const current = () => settings;

export async function change(part) {
  settings = { ...settings, ...part };
  apply();
  await put('settings', settings);
  if (owner) await put('settings:' + owner, settings);
}

function apply() {
  const root = document.documentElement;
  root.dataset.hand = settings.hand;
  const isHigh = settings.contrast === 'high' || (settings.contrast === 'auto' && matchMedia('(prefers-contrast: more)').matches);
  root.dataset.contrast = isHigh ? 'high' : 'normal';
  mute(!settings.sound);
  tell('settings', settings);
}
