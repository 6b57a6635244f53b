package io.dunlin.launcher.doctor;

import io.dunlin.launcher.report.Readable;
import java.io.IOException;
import java.time.Duration;

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
     * @throws BrokenException if it said nothing
     */
    T get() throws BrokenException, IOException, InterruptedException;

    /** The process said nothing; the message continues a sentence that it begins: "ended with: " and its output. */
    class BrokenException extends Exception {
        private static final long serialVersionUID = 1L;

        BrokenException(String message) {
            super(message);
        }
    }

    /** The process said nothing in the time that it had. */
    final class LateException extends BrokenException {
        private static final long serialVersionUID = 1L;

        LateException(Duration limit) {
            super("did not answer within " + Readable.time(limit));
        }
    }
}
