package io.dunlin.optim;

/** The learning rate of each step. */
public sealed interface LearningRate {
    /**
     * The rate of one step.
     *
     * @param step steps done before this one, from 0
     */
    double at(long step);

    /**
     * The same at every step, after a linear warm-up.
     *
     * @param peak reached by the last step of the warm-up
     * @param warmupSteps 0 for none
     */
    record Constant(double peak, long warmupSteps) implements LearningRate {
        /** Checks the ranges. */
        public Constant {
            check(peak, warmupSteps);
        }

        @Override
        public double at(long step) {
            return peak * warmup(step, warmupSteps);
        }
    }

    /**
     * Half a cosine from peak down to a fraction of it, after a linear warm-up (Loshchilov and Hutter, SGDR, 2017,
     * without restarts).
     *
     * @param peak reached by the last step of the warm-up
     * @param warmupSteps 0 for none
     * @param totalSteps the rate stays at its final value from here on
     * @param finalFraction of the peak
     */
    record Cosine(double peak, long warmupSteps, long totalSteps, double finalFraction) implements LearningRate {
        /** Checks the ranges. */
        public Cosine {
            check(peak, warmupSteps);
            if (finalFraction < 0 || finalFraction > 1) {
                throw new IllegalArgumentException("final fraction " + finalFraction + " is not in 0 to 1");
            }
        }

        @Override
        public double at(long step) {
            if (step < warmupSteps) {
                return peak * warmup(step, warmupSteps);
            }
            long decaySteps = totalSteps - warmupSteps;
            double done = decaySteps <= 0 ? 1.0 : Math.min(1.0, (double) (step - warmupSteps) / decaySteps);
            double cosine = 0.5 * (1.0 + StrictMath.cos(Math.PI * done));
            return peak * (finalFraction + (1.0 - finalFraction) * cosine);
        }
    }

    private static double warmup(long step, long warmupSteps) {
        return step < warmupSteps ? (step + 1.0) / warmupSteps : 1.0;
    }

    private static void check(double peak, long warmupSteps) {
        if (!(peak >= 0) || warmupSteps < 0) {
            throw new IllegalArgumentException("peak " + peak + ", warm-up " + warmupSteps + " steps");
        }
    }
}
