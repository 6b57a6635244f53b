package io.dunlin.launcher.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * {@code metrics.jsonl}: one line of JSON for each reported step, one for each validation loss, one whenever ranks have
 * agreed on how faithful quantised messages were, and one for what was sent, when the training ends. A run that continues
 * appends; of several lines for one step the last counts.
 */
public final class MetricsFile implements RunListener, AutoCloseable {
    private final Writer out;
    private final int every;
    private final Consumer<String> trouble;
    private final StepWindow window = new StepWindow();
    private int inGeneration;
    private boolean broken;

    /** What a step line holds. Shares are of the ranks' time, from 0 to 1; exposed communication is of a rank in a step. */
    record StepMetrics(
            String time,
            long step,
            double loss,
            @JsonProperty("grad_norm") double gradNorm,
            double lr,
            @JsonProperty("tokens_per_second") double tokensPerSecond,
            @JsonProperty("data_wait") double dataWait,
            double comm,
            @JsonProperty("exposed_comm_ms") double exposedCommMs,
            long tokens,
            boolean updated) {}

    /** What a line of a validation loss holds. */
    record EvalMetrics(
            String time,
            long step,
            @JsonProperty("val_loss") double valLoss) {}

    /** What a line of what was sent holds: bytes of all ranks in a step, mean of the counted ones. */
    record SentMetrics(
            String time,
            long step,
            @JsonProperty("counted_steps") long countedSteps,
            List<LevelMetrics> sent) {}

    /** What a line of how faithful quantised messages were holds. */
    record QuantizedMetrics(String time, long step, List<UnitMetrics> quantized) {}

    /** One unit in one transfer, see {@link Report.UnitQuality}. */
    record UnitMetrics(
            String purpose,
            int unit,
            int bits,
            @JsonProperty("snr_db") double snrDb,
            @JsonProperty("snr_bits") int snrBits) {
        static UnitMetrics of(Report.UnitQuality unit) {
            return new UnitMetrics(unit.purpose(), unit.unit(), unit.bits(), unit.decibels(), unit.measuredBits());
        }
    }

    /** One level of links: {@code package}, {@code host} or {@code cluster}. */
    record LevelMetrics(
            String level,
            @JsonProperty("planned_bytes") long plannedBytes,
            @JsonProperty("counted_bytes") long countedBytes) {
        static LevelMetrics of(Report.LevelBytes bytes) {
            return new LevelMetrics(bytes.level().name().toLowerCase(Locale.ROOT), bytes.planned(), bytes.counted());
        }
    }

    /**
     * Opens the file for appending.
     *
     * @param every how many steps between lines
     * @param trouble is told, once, if the file cannot be written; the run goes on
     */
    public MetricsFile(Path file, int every, Consumer<String> trouble) {
        this.every = every;
        this.trouble = trouble;
        this.out = open(file);
    }

    private Writer open(Path file) {
        try {
            boolean torn = endsInsideALine(file);
            Writer writer = Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            if (torn) {
                writer.write('\n');
            }
            return writer;
        } catch (IOException e) {
            giveUp(e);
            return Writer.nullWriter();
        }
    }

    private void giveUp(IOException e) {
        if (!broken) {
            broken = true;
            trouble.accept("metrics.jsonl is not written any more: " + e);
        }
    }

    /** Whether whoever wrote last was killed at it. */
    private static boolean endsInsideALine(Path file) throws IOException {
        if (!Files.exists(file) || Files.size(file) == 0) {
            return false;
        }
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            channel.position(channel.size() - 1).read(last);
            return last.get(0) != '\n';
        }
    }

    @Override
    public void on(Instant at, RunEvent event) {
        switch (event) {
            case RunEvent.RanksStarted _ -> {
                window.clear();
                inGeneration = 0;
            }
            case RunEvent.FromRank(int rank, Report.Step step) -> step(at, rank, step);
            case RunEvent.FromRank(int rank, Report.Evaluated evaluated)
            when rank == 0 -> write(new EvalMetrics(at.toString(), evaluated.step(), evaluated.loss()));
            case RunEvent.FromRank(int rank, Report.Sent sent) when rank == 0 -> write(metrics(at, sent));
            case RunEvent.FromRank(int rank, Report.Quantized quantized)
            when rank == 0 ->
                write(new QuantizedMetrics(
                        at.toString(),
                        quantized.step(),
                        quantized.units().stream().map(UnitMetrics::of).toList()));
            default -> {}
        }
    }

    private static SentMetrics metrics(Instant at, Report.Sent sent) {
        return new SentMetrics(
                at.toString(),
                sent.step(),
                sent.steps(),
                sent.levels().stream().map(LevelMetrics::of).toList());
    }

    private void step(Instant at, int rank, Report.Step step) {
        window.add(rank, step);
        if (rank != 0) {
            return;
        }
        inGeneration++;
        if (inGeneration == 1 || step.step() % every == 0 || step.step() == step.steps() || !step.updated()) {
            write(new StepMetrics(
                    at.toString(),
                    step.step(),
                    step.loss(),
                    step.gradientNorm(),
                    step.learningRate(),
                    window.tokensPerSecond(),
                    window.dataShare(),
                    window.communicationShare(),
                    window.communicationMs(),
                    step.totalTokens(),
                    step.updated()));
            window.clear();
        }
    }

    private void write(Object metrics) {
        if (broken) {
            return;
        }
        try {
            out.write(JsonLine.write(metrics) + "\n");
            out.flush();
        } catch (IOException e) {
            giveUp(e);
        }
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            giveUp(e);
        }
    }
}
