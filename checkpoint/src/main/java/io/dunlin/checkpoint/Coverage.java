package io.dunlin.checkpoint;

import io.dunlin.checkpoint.Manifest.DataFile;
import io.dunlin.checkpoint.Manifest.SavedSlice;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.TensorSlice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Which elements of which tensors a set of saved slices holds. */
final class Coverage {
    private final Map<String, List<SavedSlice>> byName = new TreeMap<>();

    Coverage(List<DataFile> files) {
        for (DataFile file : files) {
            for (SavedSlice saved : file.slices()) {
                byName.computeIfAbsent(saved.slice().name(), _ -> new ArrayList<>())
                        .add(saved);
            }
        }
        byName.values()
                .forEach(slices -> slices.sort(
                        Comparator.comparingLong((SavedSlice s) -> s.slice().offset())
                                .thenComparingLong(s -> s.slice().end())));
    }

    /** Fails unless every tensor is there with each of its elements exactly once: what a commit requires. */
    void requireEverythingOnce() {
        for (List<SavedSlice> slices : byName.values()) {
            SavedSlice first = slices.getFirst();
            long at = 0;
            for (SavedSlice saved : slices) {
                TensorSlice slice = saved.slice();
                if (!slice.shape().equals(first.slice().shape()) || saved.dtype() != first.dtype()) {
                    throw notOnce("ranks disagree about %s: %s%s and %s%s"
                            .formatted(
                                    slice.name(), first.dtype(), first.slice().shape(), saved.dtype(), slice.shape()));
                }
                if (slice.offset() != at) {
                    throw notOnce("elements %,d..%,d of %s were saved %s"
                            .formatted(
                                    Math.min(at, slice.offset()),
                                    Math.max(at, slice.offset()),
                                    slice.name(),
                                    slice.offset() > at ? "by no rank" : "twice"));
                }
                at = slice.end();
            }
            if (at != first.slice().shape().elements()) {
                throw notOnce("elements %,d..%,d of %s were saved by no rank"
                        .formatted(
                                at,
                                first.slice().shape().elements(),
                                first.slice().name()));
            }
        }
    }

    private static CheckpointException notOnce(String what) {
        return new CheckpointException(CheckpointError.SAVE_FAILED, what, "");
    }

    /** Fails unless every element of {@code wanted} is there, with the right shape and type: what a load requires. */
    void requireAll(List<NamedTensor> wanted, String checkpoint) {
        for (NamedTensor target : wanted) {
            lack(target, checkpoint).ifPresent(lack -> {
                throw doesNotFit(lack);
            });
        }
    }

    private Optional<String> lack(NamedTensor target, String checkpoint) {
        TensorSlice slice = target.slice();
        List<SavedSlice> slices = byName.get(slice.name());
        if (slices == null) {
            return Optional.of(
                    "checkpoint %s holds no tensor %s %s".formatted(checkpoint, slice.name(), slice.shape()));
        }
        long at = slice.offset();
        for (SavedSlice saved : slices) {
            if (!saved.slice().shape().equals(slice.shape())
                    || saved.dtype() != target.tensor().dtype()) {
                return Optional.of("tensor %s is %s%s in checkpoint %s, and %s%s in this run"
                        .formatted(
                                slice.name(),
                                saved.dtype(),
                                saved.slice().shape(),
                                checkpoint,
                                target.tensor().dtype(),
                                slice.shape()));
            }
            if (saved.slice().offset() <= at) {
                at = Math.max(at, saved.slice().end());
            }
        }
        return at < slice.end()
                ? Optional.of("checkpoint %s lacks elements %,d..%,d of tensor %s"
                        .formatted(checkpoint, at, slice.end(), slice.name()))
                : Optional.empty();
    }

    /** Whether every element of {@code wanted} is there, with the right shape and type. */
    boolean has(NamedTensor wanted) {
        return lack(wanted, "").isEmpty();
    }

    private static CheckpointException doesNotFit(String what) {
        return new CheckpointException(
                CheckpointError.DOES_NOT_FIT, what, "use the model that was saved: dunlin ckpt show RUN");
    }
}
