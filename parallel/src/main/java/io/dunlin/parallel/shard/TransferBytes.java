package io.dunlin.parallel.shard;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.quant.BlockFormat;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.tensor.DType;
import java.util.List;

/**
 * How many bytes of tensors one rank sends in each transfer of a unit, to the byte and without the headers of flows: what a
 * planner adds up.
 *
 * <p>Quantised gradients are sent as counted here. Weights are counted as if each rank sent its part to each other member;
 * an algorithm in which members pass parts on has the same sum over all ranks, on the levels of its own choice.
 *
 * @param mesh of the rank
 * @param plan of the units
 * @param quantization of the transfers
 * @param weightType what weights are kept in: F32 or BF16
 */
public record TransferBytes(Mesh mesh, ShardPlan plan, Quantization quantization, DType weightType) {
    /**
     * What one rank sends.
     *
     * @param insideHost to other ranks of its host
     * @param betweenHosts to ranks of other hosts
     */
    public record Sent(long insideHost, long betweenHosts) {
        /** Both together. */
        public long total() {
            return insideHost + betweenHosts;
        }

        private Sent plus(Sent other) {
            return new Sent(insideHost + other.insideHost, betweenHosts + other.betweenHosts);
        }
    }

    /** The size of a message of many elements over that of their BF16: s(b, g) = b / 16 + 32 / (16 g). */
    public static double relativeToBf16(int bits, int blockElements) {
        return bits / 16.0 + 32.0 / (16.0 * blockElements);
    }

    /** The weights of a unit, once: from all ranks that have parts of them. */
    public Sent weights(int unit) {
        long own = plan.weights(unit, mesh.rank()).length();
        return toOthers(mesh.weightsGroup(), message(own, quantization.weights(), weightType));
    }

    /** The weights of a unit, once: from the second copy, which is not quantised. */
    public Sent secondCopy(int unit) {
        if (mesh.secondary().size() < 2) {
            return new Sent(0, 0);
        }
        long own = plan.secondary(unit, mesh.rank()).length();
        return toOthers(mesh.secondaryGroup(), message(own, 0, weightType));
    }

    /** The gradients of a unit in one turn. */
    public Sent gradients(int unit) {
        return reduction(mesh.gradientsGroup(), rank -> plan.gradients(unit, rank));
    }

    /** The sums of a unit once a step, where each rank ends with a part of them alone. */
    public Sent boundary(int unit) {
        return reduction(mesh.boundaryGroup(), rank -> plan.optimizer(unit, rank));
    }

    /** The new weights of a unit once a step. */
    public Sent refresh(int unit) {
        Group update = mesh.updateGroup();
        Group spread = mesh.spreadGroup();
        int bits = quantization.refresh();
        long updated = plan.optimizer(unit, mesh.rank()).length();
        long summed = plan.gradients(unit, mesh.rank()).length();
        return toOthers(update, message(updated, bits, weightType))
                .plus(toOthers(spread, message(summed, update.size() > 1 ? 0 : bits, weightType)));
    }

    /** One message to each other member. */
    private Sent toOthers(Group group, long messageBytes) {
        long near = group.ranks().stream().filter(this::onThisHost).count() - 1;
        return new Sent(near * messageBytes, (group.size() - 1 - near) * messageBytes);
    }

    private boolean onThisHost(int rank) {
        return mesh.hosts().stream().anyMatch(host -> host.contains(rank) && host.contains(mesh.rank()));
    }

    /** Of what is not quantised, each rank sends its part to each; else in two hops, see {@link QuantizedScatter}. */
    private Sent reduction(Group group, ShardPlan.Part part) {
        boolean twoHops = quantization.gradients() != 0;
        List<List<Integer>> hosts = twoHops
                ? mesh.onHosts(group)
                : group.ranks().stream().map(List::of).toList();
        int place = hosts.stream()
                .filter(members -> members.contains(mesh.rank()))
                .findFirst()
                .orElseThrow()
                .indexOf(mesh.rank());
        Sent sent = new Sent(0, 0);
        for (List<Integer> host : hosts) {
            for (int member = 0; member < host.size(); member++) {
                long bytes = message(part.of(host.get(member)).length(), quantization.gradients(), DType.F32);
                if (member != place) {
                    sent = sent.plus(new Sent(bytes, 0));
                } else if (host.get(member) != mesh.rank()) {
                    sent = sent.plus(onThisHost(host.get(member)) ? new Sent(bytes, 0) : new Sent(0, bytes));
                }
            }
        }
        return sent;
    }

    private long message(long elements, int bits, DType exactType) {
        return bits == 0 || bits == Quantization.EXACT
                ? elements * exactType.bytes()
                : new BlockFormat(bits, quantization.coding().blockElements()).encodedBytes(elements);
    }
}
