// Sounds that tell apart without looking: ok is one high tone, taken one short one, queued two of the middle, refused
// three low ones. Each comes with its vibration.
const patterns = {
  taken: { tones: [[660, 60]], shake: [20] },
  ok: { tones: [[1320, 140]], shake: [60] },
  queued: { tones: [[620, 110], [620, 110]], shake: [60, 60, 60] },
  refused: { tones: [[220, 220], [200, 220], [180, 320]], shake: [250, 100, 250, 100, 250] },
};
let context;
let muted = false;

export const mute = (value) => { muted = value; };

// wake opens the sound after the first touch, as browsers want it.
export function wake() {
  try {
    context ??= new (self.AudioContext ?? self.webkitAudioContext)();
    if (context.state === 'suspended') context.resume().catch(() => {});
  } catch { /* there is light and text as well */ }
}

export function play(name) {
  const pattern = patterns[name];
  (self.millrace ??= {}).sounds = [...(self.millrace.sounds ?? []).slice(-199), name];
  navigator.vibrate?.(pattern.shake);
  if (muted) return;
  wake();
  if (context?.state !== 'running') return;
  let at = context.currentTime;
  for (const [frequency, milliseconds] of pattern.tones) {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.type = name === 'refused' ? 'square' : 'sine';
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0.6, at);
    gain.gain.exponentialRampToValueAtTime(0.01, at + milliseconds / 1000);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + milliseconds / 1000);
    at += milliseconds / 1000 + 0.07;
  }
}
