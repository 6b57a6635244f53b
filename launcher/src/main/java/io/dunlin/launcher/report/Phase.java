package io.dunlin.launcher.report;

import java.util.Locale;

/** What a rank is doing, in the order of a generation's life; each phase has a deadline that its agent watches. */
public enum Phase {
    /** The process starts and reads its launch specification. */
    START,
    /** Streams to all other ranks are being opened. */
    CONNECT,
    /** Model and data are being opened and the newest complete checkpoint is being read. */
    LOAD,
    /** The first step of this generation: caches fill, code is compiled. */
    FIRST_STEP,
    /** Training. */
    STEP,
    /** Evaluation or sample text between two steps. */
    EVALUATE,
    /** A checkpoint is being written. */
    SAVE,
    /** The rank has left the loop and closes what it holds. */
    STOP;

    /** For people: {@code first step}. */
    public String title() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
