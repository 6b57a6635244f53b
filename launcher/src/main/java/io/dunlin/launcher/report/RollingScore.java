package io.dunlin.launcher.report;

import java.util.OptionalDouble;

/**
 * How far a value is from its predecessors, in standard deviations (a z-score): what makes an outlier visible that the
 * eye would miss. Only finite values count.
 */
final class RollingScore {
    private static final int ENOUGH = 16;

    private final double[] window;
    private long seen;

    RollingScore(int length) {
        this.window = new double[length];
    }

    /** The score of {@code value} against those before it, which it then joins; empty while there are too few. */
    OptionalDouble next(double value) {
        if (!Double.isFinite(value)) {
            return OptionalDouble.empty();
        }
        OptionalDouble score = score(value);
        window[(int) (seen % window.length)] = value;
        seen++;
        return score;
    }

    private OptionalDouble score(double value) {
        int count = (int) Math.min(seen, window.length);
        if (count < ENOUGH) {
            return OptionalDouble.empty();
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += window[i];
        }
        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += (window[i] - mean) * (window[i] - mean);
        }
        double deviation = Math.sqrt(squares / count);
        return deviation > 0 ? OptionalDouble.of((value - mean) / deviation) : OptionalDouble.empty();
    }
}
