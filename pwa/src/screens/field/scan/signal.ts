/** That a code was read is felt, or where a tablet cannot shake, heard: eyes are on the label, not on the glass. */
export function signal(): void {
  if ('vibrate' in navigator && navigator.vibrate(60)) return;
  try {
    const context = new AudioContext();
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    volume.gain.value = 0.1;
    tone.frequency.value = 1200;
    tone.connect(volume).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.08);
    tone.addEventListener('ended', () => void context.close(), { once: true });
  } catch {
    // It is seen all the same.
  }
}
