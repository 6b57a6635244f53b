package io.dunlin.launcher.doctor;

import java.io.IOException;

/**
 * Facts that another process finds out.
 *
 * @param <T> the facts
 */
@FunctionalInterface
interface Probe<T> {
    /**
     * What the process said; it is started by the first call.
     *
     * @throws BrokenException if it ended without saying anything
     */
    T get() throws BrokenException, IOException, InterruptedException;

    /** The process did not say anything; the message is the end of its output. */
    final class BrokenException extends Exception {
        private static final long serialVersionUID = 1L;

        BrokenException(String output) {
            super(output);
        }
    }
}
