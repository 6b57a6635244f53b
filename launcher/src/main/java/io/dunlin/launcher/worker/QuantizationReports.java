package io.dunlin.launcher.worker;

import io.dunlin.launcher.report.Report;
import io.dunlin.parallel.shard.Quantization;
import io.dunlin.parallel.shard.QuantizedTransfers;
import io.dunlin.parallel.shard.QuantizedTransfers.Measured;
import io.dunlin.train.StepListener;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;
import java.util.List;
import java.util.Locale;

/**
 * Reports how faithful quantised messages were whenever the ranks have agreed on that, and says it of each unit that gets
 * more bits. Between agreements it allocates nothing.
 */
final class QuantizationReports implements StepListener {
    private final AgentLink link;
    private final QuantizedTransfers transfers;
    private long agreements;

    QuantizationReports(AgentLink link, QuantizedTransfers transfers) {
        this.link = link;
        this.transfers = transfers;
    }

    @Override
    public void afterStep(TrainState state, StepResult result) {
        if (transfers.agreements() == agreements) {
            return;
        }
        agreements = transfers.agreements();
        List<Measured> measured = transfers.measured();
        measured.stream().filter(Measured::fell).map(QuantizationReports::fall).forEach(link::report);
        link.report(new Report.Quantized(
                result.step(), measured.stream().map(QuantizationReports::unit).toList()));
    }

    private static Report fall(Measured unit) {
        String text = "unit %d: %s had %.1f dB of signal to noise with %d bits, and %s from now on";
        return new Report.Notice(
                Report.Level.INFO,
                "",
                text.formatted(
                        unit.unit(),
                        purpose(unit),
                        unit.decibels(),
                        unit.measuredBits(),
                        unit.bits() == Quantization.EXACT ? "are not quantised" : "have " + unit.bits()));
    }

    private static Report.UnitQuality unit(Measured measured) {
        return new Report.UnitQuality(
                purpose(measured), measured.unit(), measured.bits(), measured.decibels(), measured.measuredBits());
    }

    private static String purpose(Measured measured) {
        return measured.transfer().name().toLowerCase(Locale.ROOT);
    }
}
