package io.dunlin.launcher.report;

import io.dunlin.data.BatchPlan;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.ModelSettings;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.parallel.mesh.ShardDegrees;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** The table at the head of a run: what is trained on what, where, and from where it starts. */
final class RunHead {
    private final Job job;
    private final int ranks;
    private final String transport;

    RunHead(Job job, int ranks, String transport) {
        this.job = job;
        this.ranks = ranks;
        this.transport = transport;
    }

    /** The rows between two rules. */
    List<String> lines(Report.Prepared prepared, Optional<Report.Restored> restored) {
        SequencedMap<String, String> rows = new LinkedHashMap<>();
        rows.put("model", model(prepared.parameters()));
        rows.put("layout", layout());
        rows.put("batch", batch());
        rows.put("data", data(prepared));
        rows.put("device", prepared.device());
        rows.put("memory", memory(prepared.memory()));
        rows.put("start", start(restored));
        int width = rows.values().stream().mapToInt(String::length).max().orElse(0);
        String rule = "+------------+" + "-".repeat(width + 2) + "+";
        return rows.entrySet().stream()
                .map(row -> String.format("| %-10s | %-" + width + "s |", row.getKey(), row.getValue()))
                .collect(Collectors.collectingAndThen(Collectors.toList(), lines -> {
                    lines.addFirst(rule);
                    lines.addLast(rule);
                    return lines;
                }));
    }

    private String model(long parameters) {
        ModelSettings model = job.model();
        String heads = model.kvHeads() == model.heads() ? "" : " (" + model.kvHeads() + " kv)";
        return "%s  %d layers x %d, %d heads%s, vocab %s, context %s, %s parameters"
                .formatted(
                        model.family().name().toLowerCase(Locale.ROOT),
                        model.layers(),
                        model.width(),
                        model.heads(),
                        heads,
                        Readable.count(model.vocab()),
                        Readable.count(model.context()),
                        Readable.about(parameters));
    }

    private String layout() {
        if (ranks == 1) {
            return "1 rank";
        }
        ShardDegrees shard = job.parallel().shard();
        String sharded = shard.replicated() ? "" : ", " + shard.label();
        String declared = job.parallel().topology().isEmpty()
                ? ""
                : ", declared " + job.parallel().topology();
        return "%d ranks = dp %d%s%s, transport %s".formatted(ranks, ranks, sharded, declared, transport);
    }

    private String batch() {
        BatchPlan plan = BatchPlan.of(
                job.model().context(), job.train().microBatch(), job.train().tokensPerStep());
        return "%s tokens/step = %d micro-batches x %d x %d"
                .formatted(
                        Readable.count(plan.tokensPerStep()), plan.microBatches(), plan.microBatch(), plan.context());
    }

    private String data(Report.Prepared prepared) {
        String source =
                job.data().text().isEmpty() ? job.data().train() : job.data().text();
        String name = source.isEmpty() ? "" : Path.of(source).getFileName() + ", ";
        String validation = prepared.validationTokens() == 0
                ? "none for validation"
                : Readable.about(prepared.validationTokens()) + " for validation";
        return "%s%s tokens: %s for training, %s"
                .formatted(name, job.data().tokenizer(), Readable.about(prepared.trainTokens()), validation);
    }

    private String memory(List<Report.Memory> memory) {
        long total = memory.stream().mapToLong(Report.Memory::bytes).sum();
        String parts = memory.stream()
                .map(part -> part.purpose() + " " + Readable.memory(part.bytes()))
                .collect(Collectors.joining(", "));
        return Readable.memory(total) + " per rank" + (parts.isEmpty() ? "" : ": " + parts);
    }

    private String start(Optional<Report.Restored> restored) {
        String from = restored.map(found -> "after step " + Readable.count(found.step()) + " ("
                        + Path.of(found.folder()).getFileName() + ")")
                .orElse(
                        job.model().init().isEmpty()
                                ? "from scratch"
                                : "from " + job.model().init());
        return from + ", seed " + job.run().seed()
                + (job.train().precision() == Precision.BF16 ? ", bf16" : ", fp32")
                + (job.train().recompute() == Recompute.LAYER ? ", recompute by layer" : "")
                + (job.run().deterministic() ? ", deterministic" : "");
    }
}
