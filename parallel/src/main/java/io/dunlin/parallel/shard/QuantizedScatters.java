package io.dunlin.parallel.shard;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.quant.ReducedSlices;
import io.dunlin.collectives.quant.ReducedSlices.Total;
import io.dunlin.model.Model;
import io.dunlin.model.Unit;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Makes the exchanges of quantised gradients of one rank. */
record QuantizedScatters(Mesh mesh, ShardPlan plan, QuantizedTransfers transfers, Model model) {
    /** Of each micro-batch: units that share a slot share messages. */
    PartScatter turns(Hops hops) {
        QuantizedScatter scatter = new QuantizedScatter(transfers, Transfer.GRADIENTS, hops.group(), model.device());
        UnitSlots slots = new UnitSlots(model.units());
        List<TurnsMemory> messages = IntStream.range(0, UnitSlots.SLOTS)
                .mapToObj(slot -> new TurnsMemory(model.device(), "gradients in messages"))
                .toList();
        for (Unit unit : model.units()) {
            int number = unit.number();
            Range whole = plan.unit(number);
            ReducedSlices slices = slices(mesh, mesh.gradientsGroup(), whole, rank -> plan.gradients(number, rank));
            scatter.add(
                    number,
                    slices,
                    new QuantizedScatter.Carried(
                            CarriedPlace.ofRank(mesh.rank(), whole), ofHost(mesh.gradientsGroup(), slices, number, 0)),
                    Padding.of(unit, whole),
                    messages.get(slots.of(number)));
        }
        return scatter;
    }

    /** Of a step: a bucket is this rank's part of a unit, from the last unit to the first, and all may be on their way. */
    PartScatter boundary(Hops hops) {
        QuantizedScatter scatter = new QuantizedScatter(transfers, Transfer.BOUNDARY, hops.group(), model.device());
        for (Unit unit : model.units().reversed()) {
            int number = unit.number();
            Range summed = plan.gradients(number, mesh.rank());
            ReducedSlices slices = slices(mesh, mesh.boundaryGroup(), summed, rank -> plan.optimizer(number, rank));
            scatter.add(
                    number,
                    slices,
                    new QuantizedScatter.Carried(
                            CarriedPlace.ofCopy(mesh, unit.length(), summed),
                            ofHost(mesh.boundaryGroup(), slices, number, summed.offset())),
                    Padding.of(unit, summed),
                    new TurnsMemory(model.device(), "gradients in messages"));
        }
        return scatter;
    }

    /** What this rank sums up for its host: the slices of the ranks with its place on each host. */
    private CarriedPlace ofHost(Group group, ReducedSlices slices, int unit, long offset) {
        List<List<Integer>> hosts = mesh.onHosts(group);
        int host = IntStream.range(0, hosts.size())
                .filter(number -> hosts.get(number).contains(mesh.rank()))
                .findFirst()
                .orElseThrow();
        int ranksPerHost = hosts.getFirst().size();
        int place = hosts.get(host).indexOf(mesh.rank());
        List<Range> ranges = IntStream.range(0, hosts.size())
                .map(number -> number * ranksPerHost + place)
                .mapToObj(rank -> new Range(
                        offset + slices.starts().get(rank), slices.lengths().get(rank)))
                .toList();
        return CarriedPlace.ofHost(host, plan.unit(unit).length(), ranges);
    }

    /** Where in a range the part of each rank of a group lies, by the numbers that ranks have in two hops. */
    static ReducedSlices slices(Mesh mesh, Group group, Range whole, ShardPlan.Part part) {
        List<Long> starts = new ArrayList<>();
        List<Long> lengths = new ArrayList<>();
        for (List<Integer> host : mesh.onHosts(group)) {
            for (int rank : host) {
                Range range = part.of(rank);
                starts.add(range.offset() - whole.offset());
                lengths.add(range.length());
            }
        }
        return new ReducedSlices(starts, lengths, Total.SUM);
    }
}
