package io.dunlin.checkpoint;

import io.dunlin.device.HostAccess;
import io.dunlin.model.Model;
import io.dunlin.nn.Trained;
import io.dunlin.optim.Optimizer;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import io.dunlin.train.TrainState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What there is to save and restore of a run on this rank; it is final when {@code afterStep} is called.
 *
 * @param tensors weights and optimizer state that this rank holds
 * @param host reads and writes them
 * @param copies how many ranks hold the same tensors
 * @param optimizer its count of updates is part of the state
 * @param facts the same on every rank, saved with each checkpoint
 * @param auxiliary what a run can go on without
 */
public record RunContent(
        List<NamedTensor> tensors,
        HostAccess host,
        Copies copies,
        Optimizer optimizer,
        Map<String, String> facts,
        Auxiliary auxiliary) {

    /**
     * Ranks that hold the same tensors: each writes an even share of them. The tensors of all other ranks are others, and
     * together they make up everything.
     *
     * @param number of this rank among them
     * @param count how many they are
     */
    public record Copies(int number, int count) {
        /** Nobody else holds what this rank does. */
        public static final Copies ONE = new Copies(0, 1);

        /** Checks the numbers. */
        public Copies {
            if (number < 0 || number >= count) {
                throw new IllegalArgumentException("copy %d of %d".formatted(number, count));
            }
        }
    }

    /**
     * Tensors in memory of the host that a run can go on without: a checkpoint of another layout may not have them.
     *
     * @param saved what this rank writes; all ranks together give every element of every tensor once
     * @param wanted what this rank reads, if it is there
     * @param begin puts all that is wanted where it is without a checkpoint
     */
    public record Auxiliary(List<NamedTensor> saved, List<NamedTensor> wanted, Runnable begin) {
        /** There are none. */
        public static final Auxiliary NONE = new Auxiliary(List.of(), List.of(), () -> {});

        /** Copies the lists. */
        public Auxiliary {
            saved = List.copyOf(saved);
            wanted = List.copyOf(wanted);
        }
    }

    /** Copies the collections. */
    public RunContent {
        tensors = List.copyOf(tensors);
        facts = Map.copyOf(facts);
    }

    /** What this rank updates of a model, with the optimizer's state, and nothing else. */
    public static RunContent of(Model model, Optimizer optimizer, Copies copies, Map<String, String> facts) {
        List<NamedTensor> tensors = new ArrayList<>(weights(model.owned()));
        optimizer.state().forEach(tensors::add);
        return new RunContent(tensors, model.host(), copies, optimizer, facts, Auxiliary.NONE);
    }

    /** The same with tensors that a run can go on without. */
    public RunContent with(Auxiliary newAuxiliary) {
        return new RunContent(tensors, host, copies, optimizer, facts, newAuxiliary);
    }

    /** The weights alone, under their own names: what a model is initialised from. */
    public static List<NamedTensor> weights(List<? extends Trained> owned) {
        return owned.stream()
                .map(one -> new NamedTensor(one.slice(), one.value()))
                .toList();
    }

    /** Where the run is now. */
    RunState state(TrainState train, Map<String, String> moreFacts) {
        Map<String, String> all = new HashMap<>(facts);
        all.putAll(moreFacts);
        return new RunState(train.step(), train.tokens(), train.position(), optimizer.updates(), all);
    }

    /** Puts counters and data position where a checkpoint was; the tensors are loaded by {@link Restore}. */
    public void resume(RunState saved, TrainState train) {
        train.restore(saved.step(), saved.tokens(), saved.position());
        optimizer.restoreUpdates(saved.optimizerUpdates());
    }

    /** What this rank writes. */
    List<SliceSource> share() {
        List<SliceSource> share = new ArrayList<>(SliceSource.of(cut(tensors, copies.number, copies.count), host));
        share.addAll(SliceSource.of(auxiliary.saved, HostAccess.HOST));
        return share;
    }

    /** Range {@code rank} of the bytes of all tensors, laid end to end and cut evenly at whole elements. */
    static List<NamedTensor> cut(List<NamedTensor> tensors, int rank, int ranks) {
        long total = tensors.stream().mapToLong(t -> t.tensor().bytes()).sum();
        long from = share(total, rank, ranks);
        long to = share(total, rank + 1, ranks);
        List<NamedTensor> share = new ArrayList<>();
        long start = 0;
        for (NamedTensor tensor : tensors) {
            int elementBytes = tensor.tensor().dtype().bytes();
            long elements = tensor.tensor().elements();
            long first = Math.clamp(Math.floorDiv(from - start, elementBytes), 0, elements);
            long end = Math.clamp(Math.floorDiv(to - start, elementBytes), 0, elements);
            if (end > first || elements == 0 && rank == 0) {
                share.add(part(tensor, first, end - first));
            }
            start += tensor.tensor().bytes();
        }
        return share;
    }

    // Without the overflow that total * rank would have for large states.
    private static long share(long total, int rank, int ranks) {
        return total / ranks * rank + total % ranks * rank / ranks;
    }

    private static NamedTensor part(NamedTensor whole, long first, long length) {
        if (length == whole.slice().length()) {
            return whole;
        }
        TensorSlice slice = whole.slice();
        Tensor tensor = whole.tensor();
        int elementBytes = tensor.dtype().bytes();
        return new NamedTensor(
                new TensorSlice(slice.name(), slice.shape(), slice.offset() + first, length),
                Tensor.of(
                        tensor.dtype(),
                        Shape.of(length),
                        tensor.segment().asSlice(first * elementBytes, length * elementBytes)));
    }
}
