/** The signs of the widget, drawn in a square of 24 with strokes of 2. */

const face = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9 9.5h.01M15 9.5h.01";

export const ICONS = {
  chat: "M20 12a8 8 0 0 1-11.6 7.1L4 20l.9-4.4A8 8 0 1 1 20 12Z",
  down: "m6 9 6 6 6-6",
  minimise: "M5 12h14",
  close: "m6 6 12 12M18 6 6 18",
  attach: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8",
  send: "M12 19V5m-6 6 6-6 6 6",
  camera: "M4 8h3l2-3h6l2 3h3v11H4ZM12 10.500a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  file: "M14 3H6v18h12V7ZM14 3v4h4",
  more: "M5 11.500v1M12 11.500v1M19 11.500v1",
  mail: "M3 6h18v12H3Zm0 1 9 6 9-6",
  sound: "M4 9v6h4l5 4V5L8 9ZM16.500 9a4 4 0 0 1 0 6M19 6.500a8 8 0 0 1 0 11",
  mute: "M4 9v6h4l5 4V5L8 9Zm13 .5 5 5m0-5-5 5",
  end: "M9 4H5v16h4M14 8l4 4-4 4m4-4H9",
  edit: "M4 20h4L19 9l-4-4L4 16Z",
  bin: "M5 7h14M9 7V4h6v3m2 0-1 13H8L7 7",
  sent: "m5 12 5 5 9-10",
  arrived: "m2 12 5 5 9-10m-4 9 1 1 9-10",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 4v5l3 2",
  alert: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 5v5m0 3h.01",
  smile: face + "M8 14c2 3 6 3 8 0",
  face1: face + "M8 17c2-3 6-3 8 0M7.500 7.500l2 1m7-1-2 1",
  face2: face + "M8.500 16.500c2-2 5-2 7 0",
  face3: face + "M8.500 15.500h7",
  face4: face + "M8 14c2 3 6 3 8 0",
  face5: face + "M7.500 13.500h9c-1 5-8 5-9 0Z",
} as const;

export type IconName = keyof typeof ICONS;
