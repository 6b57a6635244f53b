package io.dunlin.launcher.worker;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.Report;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a rank says when a thread of it fails; then the process ends, and with it all that the rank holds. */
final class LastWords implements Thread.UncaughtExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(LastWords.class);

    private final AgentLink link;
    private final LongSupplier step;
    private final BooleanSupplier aborted;
    private final IntConsumer exit;

    /**
     * Prepares for the worst.
     *
     * @param step last complete one
     * @param aborted whether the agent has told this rank to give up
     * @param exit ends the process
     */
    LastWords(AgentLink link, LongSupplier step, BooleanSupplier aborted, IntConsumer exit) {
        this.link = link;
        this.step = step;
        this.aborted = aborted;
        this.exit = exit;
    }

    @Override
    public void uncaughtException(Thread thread, Throwable failure) {
        StringWriter stack = new StringWriter();
        failure.printStackTrace(new PrintWriter(stack));
        LOG.error("thread {} failed: {}", thread.getName(), stack);
        Report.Failed report = report(failure, stack.toString());
        link.report(report);
        exit.accept(report.exitCode());
    }

    /** Whether a collective failed because of somebody else; a desync or a broken transport is everybody's own. */
    private static boolean byPeer(Throwable failure) {
        return failure instanceof CollectiveException collective
                && switch (collective.code()) {
                    case "DUN-701", "DUN-702", "DUN-704", "DUN-705" -> true;
                    default -> false;
                };
    }

    private Report.Failed report(Throwable failure, String stack) {
        Report.Cause cause = aborted.getAsBoolean() || byPeer(failure) ? Report.Cause.PEER : Report.Cause.OWN;
        return switch (failure) {
            case DunlinException known ->
                new Report.Failed(
                        known.code(),
                        String.valueOf(known.getMessage()),
                        known.remedy(),
                        known.exitCode().number(),
                        step.getAsLong(),
                        cause,
                        stack);
            default ->
                new Report.Failed("", failure.toString(), "", ExitCode.BUG.number(), step.getAsLong(), cause, stack);
        };
    }
}
