package io.dunlin.model;

import io.dunlin.data.MicroBatch;
import io.dunlin.device.Event;
import io.dunlin.device.Stream;
import io.dunlin.nn.ActivationPlan;
import io.dunlin.nn.Block;
import io.dunlin.nn.Embedding;
import io.dunlin.nn.Head;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Embedding, blocks, head, and back.
 *
 * <p>Legend: B sequences, T positions, R = B*T rows, C width, V vocabulary, L layers.
 */
final class ModelPass implements Pass {
    private final int batch;
    private final int time;
    private final int vocabulary;
    private final boolean trains;
    private final long bytes;

    private final List<Unit> units; // [L + 2]
    private final WeightStore weights;
    private final boolean tied;
    private final int lastUnit; // the head

    private final Embedding.Planned embedding;
    private final Block.Planned[] blocks; // [L]
    private final Head.Planned head;

    private final Stream compute;
    private final MemorySegment givenTokens; // I32 [R], on the host
    private final MemorySegment givenTargets; // I32 [R], on the host
    private Event loaded; // what was given is on the device
    private final Tensor tokens; // I32 [R]
    private final Tensor[] residual; // [L + 1] of [R, C]: the input of each block, and what the last gives
    private final Tensor dResidual; // [R, C]

    /**
     * What passes of a model share.
     *
     * @param units in forward order: the embedding, the blocks, the head
     * @param weights of the units
     */
    record Layers(Network network, List<Unit> units, WeightStore weights, ModelConfig config) {
        int head() {
            return units.size() - 1;
        }
    }

    ModelPass(Layers layers, ActivationPlan plan, PassKind kind) {
        Network network = layers.network();
        ModelConfig config = layers.config();
        this.batch = plan.batch();
        this.time = plan.time();
        this.vocabulary = config.vocabulary();
        this.trains = plan.trains();
        this.units = layers.units();
        this.weights = layers.weights();
        this.tied = config.tiedHead();
        this.lastUnit = layers.head();
        compute = plan.stream();
        long givenBytes = plan.rows() * (long) Integer.BYTES;
        givenTokens = plan.hostMemory("tokens", givenBytes);
        givenTargets = plan.hostMemory("targets", givenBytes);
        loaded = compute.record();
        int count = network.blocks().size();
        tokens = plan.own(DType.I32, 1, plan.rows()).reshape(Shape.of(plan.rows()));
        embedding = network.embedding().plan(plan);
        residual = new Tensor[count + 1];
        blocks = new Block.Planned[count];
        for (int i = 0; i < count; i++) {
            residual[i] = plan.blockInput(config.width());
            blocks[i] = network.blocks().get(i).plan(plan);
        }
        residual[count] = plan.blockInput(config.width());
        dResidual = plan.gradient("stream", config.width());
        head = kind == PassKind.GENERATE
                ? network.head().planLogits(plan)
                : network.head().plan(plan);
        bytes = plan.bytes();
    }

    @Override
    public double forwardBackward(MicroBatch microBatch, float gradientScale, BackwardListener listener) {
        if (!trains) {
            throw new IllegalStateException("this pass was planned without backward");
        }
        load(microBatch);
        Tensor x = forward();
        enterHead(lastUnit - 1);
        headBegins(listener);
        head.backward(x, gradientScale, dResidual);
        leaveHead();
        listener.ends(units.get(lastUnit));
        for (int i = blocks.length - 1; i >= 0; i--) {
            enterBackward(i + 1, listener);
            blocks[i].backward(residual[i], dResidual);
            leaveBackward(i + 1, listener);
        }
        embeddingBegins(listener);
        embedding.backward(tokens, dResidual);
        listener.ends(units.getFirst());
        return head.lossSum(); // last: until here nobody waits, so that work is submitted ahead of a GPU
    }

    @Override
    public void accompany(BackwardListener listener) {
        accompanyForward();
        enterHead(lastUnit - 1);
        headBegins(listener);
        leaveHead();
        listener.ends(units.get(lastUnit));
        for (int i = blocks.length - 1; i >= 0; i--) {
            enterBackward(i + 1, listener);
            leaveBackward(i + 1, listener);
        }
        embeddingBegins(listener);
        listener.ends(units.getFirst());
    }

    @Override
    public void accompany() {
        accompanyForward();
        enterHead(WeightStore.NOT_KNOWN);
        leaveHead();
    }

    @Override
    public double loss(MicroBatch microBatch) {
        load(microBatch);
        Tensor x = forward();
        enterHead(WeightStore.NOT_KNOWN);
        double loss = head.loss(x);
        leaveHead();
        return loss;
    }

    @Override
    public Tensor logits(Tensor given) {
        load(given);
        Tensor x = forward();
        enterHead(WeightStore.NOT_KNOWN);
        Tensor logits = head.logits(x);
        leaveHead();
        return logits;
    }

    @Override
    public Tensor logits(Tensor given, int row) {
        load(given);
        Tensor x = forward();
        enterHead(WeightStore.NOT_KNOWN);
        Tensor logits = head.logits(x, row);
        leaveHead();
        return logits;
    }

    private Tensor forward() {
        weights.enter(0, 1);
        embedding.forward(tokens, residual[0]);
        weights.leave(0);
        for (int i = 0; i < blocks.length; i++) {
            weights.enter(i + 1, i + 2);
            blocks[i].forward(residual[i], residual[i + 1]);
            weights.leave(i + 1);
        }
        return residual[blocks.length];
    }

    private void accompanyForward() {
        for (int unit = 0; unit < lastUnit; unit++) {
            weights.enter(unit, unit + 1);
            weights.leave(unit);
        }
    }

    /** A tied head reads the embedding's weights as well as its own. */
    private void enterHead(int next) {
        if (tied) {
            weights.enter(lastUnit, 0);
            weights.enter(0, next);
        } else {
            weights.enter(lastUnit, next);
        }
    }

    private void leaveHead() {
        weights.leave(lastUnit);
        if (tied) {
            weights.leave(0);
        }
    }

    private void headBegins(BackwardListener listener) {
        listener.begins(units.get(lastUnit));
        if (tied) {
            listener.begins(units.getFirst());
        }
    }

    private void embeddingBegins(BackwardListener listener) {
        if (!tied) {
            listener.begins(units.getFirst());
        }
    }

    /** The embedding's weights are not needed in backward, so nothing follows the first block. */
    private void enterBackward(int unit, BackwardListener listener) {
        weights.enter(unit, unit > 1 ? unit - 1 : WeightStore.NOT_KNOWN);
        listener.begins(units.get(unit));
    }

    private void leaveBackward(int unit, BackwardListener listener) {
        weights.leave(unit);
        listener.ends(units.get(unit));
    }

    private void load(MicroBatch microBatch) {
        load(microBatch.tokens(), givenTokens, tokens, 0);
        load(microBatch.targets(), givenTargets, head.targets(), -1);
        loaded = compute.record();
    }

    private void load(Tensor given) {
        load(given, givenTokens, tokens, 0);
        loaded = compute.record();
    }

    /** Copies I32 [B, T] to the device, checking what would otherwise read outside of the weights. */
    private void load(Tensor from, MemorySegment pinned, Tensor to, int least) {
        if (from.dtype() != DType.I32 || from.elements() != to.elements() || !from.dense()) {
            throw new IllegalArgumentException(
                    "a pass planned for I32[%dx%d] was given %s".formatted(batch, time, from));
        }
        loaded.synchronize(); // what was given before may be on its way still
        MemorySegment source = from.segment();
        for (long i = 0; i < to.elements(); i++) {
            int token = source.getAtIndex(ValueLayout.JAVA_INT, i);
            if (token < least || token >= vocabulary) {
                throw ModelException.token(token, vocabulary);
            }
            pinned.setAtIndex(ValueLayout.JAVA_INT, i, token);
        }
        compute.upload(pinned, to.segment());
    }

    @Override
    public int batch() {
        return batch;
    }

    @Override
    public int time() {
        return time;
    }

    @Override
    public long activationBytes() {
        return bytes;
    }
}
