package io.dunlin.launcher.report;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** Makes the lines of a run's steps: one in so many, and every one that matters. */
final class StepLine {
    private static final int SCORE_WINDOW = 128;

    private final Style style;
    private final int every;
    private final RollingScore score = new RollingScore(SCORE_WINDOW);
    private final StepWindow window = new StepWindow();
    private Instant began = Instant.EPOCH;
    private long beganStep;
    private int inGeneration;

    StepLine(Style style, int every) {
        this.style = style;
        this.every = every;
    }

    /** A generation begins: the time of earlier ones says nothing about this one. */
    void restart() {
        window.clear();
        inGeneration = 0;
    }

    /** A rank has completed a step; the line, if this step has one. */
    Optional<String> next(Instant at, int rank, Report.Step step) {
        window.add(rank, step);
        if (rank != 0) {
            return Optional.empty();
        }
        OptionalDouble deviation = score.next(step.loss());
        inGeneration++;
        if (inGeneration == 1) {
            began = at;
            beganStep = step.step();
        }
        boolean shown = inGeneration == 1 || step.step() % every == 0 || step.step() == step.steps() || !step.updated();
        if (!shown) {
            return Optional.empty();
        }
        String line = format(at, step, deviation);
        window.clear();
        return Optional.of(line);
    }

    private String format(Instant at, Report.Step step, OptionalDouble deviation) {
        StringBuilder line = new StringBuilder(label("step", step.step(), step.steps()));
        line.append("  loss ").append(style.strong(decimal("%.4f", step.loss())));
        line.append(String.format(
                Locale.ROOT,
                " %-8s",
                deviation.isPresent() ? String.format(Locale.ROOT, "(%+.1fz)", deviation.getAsDouble()) : ""));
        line.append(" gnorm ").append(decimal("%.2f", step.gradientNorm()));
        line.append(String.format(Locale.ROOT, "  lr %.1e", step.learningRate()));
        line.append("  ").append(String.format(Locale.ROOT, "%6s", Readable.about(window.tokensPerSecond())));
        line.append(" tok/s");
        if (inGeneration > 1) {
            line.append(String.format(
                    Locale.ROOT,
                    "  data %.1f%% comm %.0f%%",
                    100 * window.dataShare(),
                    100 * window.communicationShare()));
            line.append(" eta ").append(Readable.clock(left(at, step)));
        }
        if (!step.updated()) {
            line.append("  ").append(style.warning("not finite: update skipped on every rank"));
        }
        return line.toString();
    }

    /** By the wall clock, so that saving and evaluation count. */
    private Duration left(Instant at, Report.Step step) {
        long done = step.step() - beganStep;
        double nsPerStep = done == 0 ? 0 : (double) Duration.between(began, at).toNanos() / done;
        return Duration.ofNanos((long) (nsPerStep * (step.steps() - step.step())));
    }

    /** {@code step   50/2000}. */
    static String label(String what, long step, long steps) {
        String all = Long.toString(steps);
        return String.format(Locale.ROOT, "%s %" + all.length() + "d/%s", what, step, all);
    }

    private static String decimal(String format, double number) {
        return Double.isFinite(number) ? String.format(Locale.ROOT, format, number) : Double.toString(number);
    }
}
