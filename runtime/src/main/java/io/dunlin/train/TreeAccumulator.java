package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.device.Kernels;
import io.dunlin.model.GradientReady;
import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Sums in the order of the {@link SummationTree}: each micro-batch's gradient is made from zero, and siblings are added
 * as soon as both exist, part by part while backward is still at work on the next part.
 *
 * <p>Which buffer holds which node is decided when the share of a step is first seen; n micro-batches need at most
 * log2(n) + 2 buffers.
 */
final class TreeAccumulator implements GradientAccumulator {
    /** left becomes left + right. */
    private record Addition(GradientBuffer left, GradientBuffer right) {}

    /** Where a micro-batch's gradient goes, and what can be added then. */
    private record Leaf(GradientBuffer target, List<Addition> additions) {}

    private record Node(SummationTree.Block block, int buffer) {}

    private final Model model;
    private final Kernels kernels;
    private final List<GradientBuffer> buffers = new ArrayList<>();
    private final AddingParts addingParts = new AddingParts();
    private List<Leaf> leaves = List.of();
    private GradientPartials partials;
    private GradientBuffer result;
    private int next;

    TreeAccumulator(Model model) {
        this.model = model;
        this.kernels = model.stream().kernels();
        this.result = buffer(0);
        this.partials = new GradientPartials(List.of(), List.of(), result.memory(), 0, 0);
    }

    @Override
    public GradientPartials begin(Batch batch) {
        int first = batch.firstMicroBatch();
        int count = batch.microBatches().size();
        int global = batch.globalMicroBatches();
        if (first != partials.firstMicroBatch() || count != leaves.size() || global != partials.globalMicroBatches()) {
            plan(first, count, global);
        }
        next = 0;
        return partials;
    }

    private void plan(int first, int count, int global) {
        PriorityQueue<Integer> free = new PriorityQueue<>();
        Deque<Node> complete = new ArrayDeque<>(); // a run of blocks, the last on top
        List<Leaf> planned = new ArrayList<>();
        int made = 0;
        for (int i = first; i < first + count; i++) {
            int target = free.isEmpty() ? made++ : free.poll();
            Node node = new Node(new SummationTree.Block(0, i), target);
            List<Addition> additions = new ArrayList<>();
            node = raise(node, global);
            while (!complete.isEmpty()
                    && complete.peek().block().parent().equals(node.block().parent())) {
                Node left = complete.pop();
                additions.add(new Addition(buffer(left.buffer()), buffer(node.buffer())));
                free.add(node.buffer());
                node = raise(new Node(left.block().parent(), left.buffer()), global);
            }
            complete.push(node);
            planned.add(new Leaf(buffer(target), List.copyOf(additions)));
        }
        List<Node> sums = List.copyOf(complete.reversed());
        leaves = List.copyOf(planned);
        result = sums.isEmpty() ? buffer(0) : buffer(sums.getFirst().buffer());
        partials = new GradientPartials(
                sums.stream().map(node -> buffer(node.buffer()).memory()).toList(),
                sums.stream().map(Node::block).toList(),
                result.memory(),
                first,
                global);
    }

    /** A node without a sibling is also its parent. */
    private static Node raise(Node node, int global) {
        SummationTree.Block block = node.block();
        while (block.level() < SummationTree.root(global).level() && block.only(global)) {
            block = block.parent();
        }
        return new Node(block, node.buffer());
    }

    private GradientBuffer buffer(int index) {
        while (buffers.size() <= index) {
            buffers.add(new GradientBuffer(model));
        }
        return buffers.get(index);
    }

    @Override
    public double add(Pass pass, MicroBatch microBatch, float gradientScale, GradientReady ready) {
        Leaf leaf = leaves.get(next++);
        leaf.target().direct(0f);
        addingParts.begin(leaf.additions(), ready);
        return pass.forwardBackward(microBatch, gradientScale, addingParts);
    }

    @Override
    public GradientBuffer result() {
        return result;
    }

    /** Adds siblings in each part that backward completes, then passes the part on. */
    private final class AddingParts implements GradientReady {
        private List<Addition> additions = List.of();
        private GradientReady downstream = GradientReady.NOBODY;
        private int part;

        void begin(List<Addition> ofLeaf, GradientReady then) {
            additions = ofLeaf;
            downstream = then;
            part = 0;
        }

        @Override
        public void ready(long offset, long length) {
            for (int i = 0; i < additions.size(); i++) {
                Tensor left = additions.get(i).left().part(part, offset, length);
                Tensor right = additions.get(i).right().part(part, offset, length);
                kernels.add(left, right, left);
            }
            part++;
            downstream.ready(offset, length);
        }
    }
}
