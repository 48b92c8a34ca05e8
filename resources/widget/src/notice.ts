/** Telling a visitor who looks elsewhere: a number in the title of the page, and a short sound. */

/** Puts the number of unread messages in front of the page's title, whatever the page makes of its title. */
export function showInTitle(unread: number): void {
  const own = document.title.replace(/^\(\d+\) /, "");
  const title = unread ? `(${unread}) ${own}` : own;
  if (title !== document.title) document.title = title;
}

/** A sound made on the spot, so that no file is loaded. Browsers let it be heard once the visitor has touched the page. */
export class Chime {
  #audio: AudioContext | null = null;

  /** To be called while the visitor does something: only then may sound begin. */
  prepare(): void {
    this.#audio ??= "AudioContext" in window ? new AudioContext() : null;
  }

  ring(): void {
    const audio = this.#audio;
    if (audio?.state !== "running") return;
    const volume = audio.createGain();
    volume.connect(audio.destination);
    volume.gain.setValueAtTime(0.12, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.45);
    [660, 880].forEach((pitch, at) => {
      const tone = audio.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(volume);
      tone.start(audio.currentTime + at * 0.12);
      tone.stop(audio.currentTime + 0.45);
    });
  }
}
